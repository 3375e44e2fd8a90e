#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twilio {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The string that Twilio signs for a form: the URL, and each field in the byte order of the names,
/// name and value; a name that is repeated has its distinct values, sorted.
std::string signedText(std::string_view url, const Fields& form);

/// Checks X-Twilio-Signature: base64 of HMAC-SHA1 with the auth token over signedText(), whatever
/// key the requests use. `url` is the one that Twilio called: the public scheme and host, path and
/// query as they were sent. Twilio is not of one mind about default ports and the encoding of the
/// query, so the spellings that its own library tries are tried. In constant time
/// (www.twilio.com/docs/usage/security#validating-requests).
bool isFormSigned(std::string_view signature, std::string_view url, const Fields& form,
                  std::string_view auth_token);

/// The same for a body that is no form: the URL alone is signed, and its parameter bodySHA256 is
/// the body's hash.
bool isBodySigned(std::string_view signature, std::string_view url, std::string_view body,
                  std::string_view auth_token);

}  // namespace twilio
