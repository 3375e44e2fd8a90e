#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>

/// What a plugin says of an outside service that it stands for, the same words in every plugin. The
/// name of the service ("Stripe") stands in the message; nothing that the service said does.
namespace bulkhead::provider {

/// 502: the service has got nothing of it, or it was to be read only; doing it again is safe.
inline Error unreachable(std::string_view service) {
  return Error::externalService("PROVIDER_UNREACHABLE",
                                std::string{service} + " cannot be reached.");
}

/// 502: it was sent, and nobody knows whether it had its effect. Only what has a key of the
/// service's is done again, with the same key.
inline Error ambiguous(std::string_view service) {
  return Error::externalService(
      "PROVIDER_AMBIGUOUS",
      "It was sent to " + std::string{service} +
          " and no whole answer came, so it may have had its effect. The key is kept: send the "
          "same request with the same idempotency key again to learn what became of it.");
}

/// 429, with the time that the service asked for; a second where it named none.
inline Error rateLimited(std::string_view service, int retry_after_s = 0) {
  return Error::rateLimit("PROVIDER_RATE_LIMITED",
                          std::string{service} + " takes no more requests at the moment.")
      .withRetryAfter(std::max(retry_after_s, 1));
}

/// 502: the credentials in the plugin's settings are not, or no longer, good for this.
inline Error keyRefused(std::string_view service) {
  return Error::externalService(
      "PROVIDER_KEY_REFUSED",
      std::string{service} + " refuses the credentials that are set for it.");
}

/// 502: the service itself failed (5xx). Whether it had its effect is for the service to know.
inline Error failed(std::string_view service) {
  return Error::externalService("PROVIDER_FAILED", std::string{service} + " failed.");
}

/// 422: a refusal that the plugin has no narrower word for. It had no effect.
inline Error refused(std::string_view service) {
  return Error::businessLogic("PROVIDER_REFUSED", std::string{service} + " refuses this.");
}

/// 502: the answer says success and is not what the service promises. It may have had its effect.
inline Error answerInvalid(std::string_view service) {
  return Error::externalService(
      "PROVIDER_ANSWER_INVALID",
      std::string{service} + " answered what cannot be read, so it may have had its effect.");
}

/// Whether the service may have done what it was asked in spite of this error: of each that does
/// not say that it was refused, or not sent. Where the service has no key that would make it once,
/// it is looked for before another try.
inline bool mayHaveHadItsEffect(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::Validation:
    case ErrorKind::NotFound:
    case ErrorKind::RateLimit:
    case ErrorKind::BusinessLogic:
    case ErrorKind::Configuration:
      return false;
    default:
      return error.code() != "PROVIDER_UNREACHABLE" && error.code() != "PROVIDER_KEY_REFUSED";
  }
}

/// The error for an answer that is not Ok, by its outcome and status alone. A plugin looks at what
/// its service says in the body first.
inline Error errorFor(std::string_view service, const OutboundAnswer& answer) {
  switch (answer.outcome) {
    case Outcome::NotSent:
    case Outcome::Rejected:
      return unreachable(service);
    case Outcome::Ambiguous:
      return ambiguous(service);
    case Outcome::Ok:
    case Outcome::HttpError:
      break;
  }
  if (answer.status == 429) return rateLimited(service, answer.retry_after_s);
  if (answer.status == 401 || answer.status == 403) return keyRefused(service);
  if (answer.status >= 500 || answer.status == 408) return failed(service);
  if (answer.status >= 400) return refused(service);
  return answerInvalid(service);
}

}  // namespace bulkhead::provider
