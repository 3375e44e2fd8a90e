#include "http/tls_context.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "host/http/certificates.hpp"

namespace bulkhead::host {
namespace {

using test::CertificateFolder;
using test::PemFiles;
using testing::HasSubstr;

/// Code and sentence of the refusal; empty when the pair is taken.
std::pair<std::string, std::string> refusalOf(const PemFiles& files) {
  try {
    const TlsContext context{{files.certificate, files.key}, std::make_shared<TlsTickets>()};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    return {error.code(), error.message()};
  }
  return {};
}

TEST(TlsContext, APairIsTakenAndItsEndIsKnown) {
  const CertificateFolder folder;
  const auto take = [&](const PemFiles& files) {
    return TlsContext{{files.certificate, files.key}, std::make_shared<TlsTickets>()};
  };
  const TlsContext context = take(folder.make("localhost", 30));
  const auto left = context.expires() - std::chrono::system_clock::now();
  EXPECT_NEAR(std::chrono::duration<double>(left).count(), 30.0 * 24 * 3600, 120);
  EXPECT_EQ(context.fingerprint().size(), 64U);
  const TlsContext other = take(folder.make("other"));
  EXPECT_NE(other.fingerprint(), context.fingerprint());
}

TEST(TlsContext, AFileThatIsNotThereIsNamed) {
  const CertificateFolder folder;
  const PemFiles files = folder.make("localhost");
  const auto missing = folder.path() / "missing.pem";
  EXPECT_EQ(refusalOf({missing, files.key}).first, "TLS_CERTIFICATE");
  EXPECT_THAT(refusalOf({missing, files.key}).second, HasSubstr(missing.string()));
  EXPECT_EQ(refusalOf({files.certificate, missing}).first, "TLS_KEY");
  EXPECT_THAT(refusalOf({files.certificate, missing}).second, HasSubstr("No such file"));
}

TEST(TlsContext, WhatIsNoPemIsRefused) {
  const CertificateFolder folder;
  const PemFiles files = folder.make("localhost");
  const auto text = folder.path() / "text.pem";
  std::ofstream{text} << "no certificate\n";
  ::chmod(text.c_str(), 0600);
  EXPECT_THAT(refusalOf({text, files.key}).second, HasSubstr("holds no usable certificate"));
  EXPECT_THAT(refusalOf({files.certificate, text}).second, HasSubstr("holds no private key"));
  EXPECT_THAT(refusalOf({files.key, files.key}).second, HasSubstr("holds no usable certificate"));
}

TEST(TlsContext, TheKeyOfAnotherCertificateIsRefused) {
  const CertificateFolder folder;
  const PemFiles one = folder.make("one");
  const PemFiles other = folder.make("other");
  const auto [code, message] = refusalOf({one.certificate, other.key});
  EXPECT_EQ(code, "TLS_KEY");
  EXPECT_THAT(message, HasSubstr("does not belong to tls.certificate " + one.certificate.string()));
}

TEST(TlsContext, AKeyThatOthersMayReadIsRefusedWithTheCure) {
  const CertificateFolder folder;
  const PemFiles files = folder.make("localhost");
  for (const mode_t mode : {0644U, 0604U, 0601U, 0620U}) {
    ::chmod(files.key.c_str(), mode);
    const auto [code, message] = refusalOf(files);
    EXPECT_EQ(code, "TLS_KEY") << std::oct << mode;
    EXPECT_THAT(message, HasSubstr("chmod 600 " + files.key.string()));
  }
  for (const mode_t mode : {0600U, 0400U, 0640U}) {
    ::chmod(files.key.c_str(), mode);
    EXPECT_EQ(refusalOf(files).second, "") << std::oct << mode;
  }
}

TEST(TlsContext, AnEncryptedKeyIsRefusedWithTheCure) {
  const CertificateFolder folder;
  const PemFiles files = folder.make("localhost");
  const auto [code, message] = refusalOf({files.certificate, folder.encrypt(files.key)});
  EXPECT_EQ(code, "TLS_KEY");
  EXPECT_THAT(message, HasSubstr("is encrypted"));
  EXPECT_THAT(message, HasSubstr("openssl pkey -in"));
}

}  // namespace
}  // namespace bulkhead::host
