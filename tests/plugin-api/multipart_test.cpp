#include <gtest/gtest.h>
#include <string>

#include <bulkhead/multipart.hpp>

namespace bulkhead {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

std::string refusalOf(std::string_view body, std::string_view type = kType) {
  try {
    Multipart::parse(type, body);
  } catch (const Error& refusal) {
    return refusal.code() + ": " + refusal.message();
  }
  return {};
}

std::string part(std::string_view head, std::string_view content) {
  return std::string{"--XX\r\n"}.append(head).append("\r\n\r\n").append(content).append("\r\n");
}

// As curl 7.88 writes `-F account=1000 -F "file=@a.csv;type=text/csv"`.
TEST(Multipart, ReadsFieldsAndFilesAsTheyWereSent) {
  const std::string body =
      part("Content-Disposition: form-data; name=\"account\"", "1000") +
      part(
          "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
          "Content-Type: text/csv",
          "a,b\r\n--X\r\n1,2\r\n") +
      "--XX--\r\n";
  const Multipart form = Multipart::parse(kType, body);
  ASSERT_EQ(form.parts().size(), 2U);
  EXPECT_EQ(form.find("account")->content, "1000");
  EXPECT_EQ(form.find("account")->file_name, std::nullopt);
  EXPECT_EQ(form.find("account")->content_type, "text/plain");
  const MultipartPart& file = *form.find("file");
  EXPECT_EQ(file.content, "a,b\r\n--X\r\n1,2\r\n") << "byte for byte";
  EXPECT_EQ(file.file_name, "a.csv");
  EXPECT_EQ(file.content_type, "text/csv");
  EXPECT_EQ(form.find("other"), nullptr);
  EXPECT_GE(file.content.data(), body.data()) << "it is a view of the body";
}

TEST(Multipart, NamesAreReadAsBrowsersWriteThem) {
  const std::string body =
      part("content-disposition:form-data; name=\"a%22b\"; filename=\"\xC3\xA4%0D%0A.csv\"", "") +
      part("Content-Disposition: form-data; name=plain; filename=\"C:\\\\x\"", "") + "--XX--";
  const Multipart form = Multipart::parse("Multipart/Form-Data; Boundary=\"XX\"", body);
  EXPECT_EQ(form.parts()[0].name, "a\"b");
  EXPECT_EQ(form.parts()[0].file_name, "\xC3\xA4\r\n.csv");
  EXPECT_EQ(form.parts()[0].content, "");
  EXPECT_EQ(form.parts()[1].name, "plain");
  EXPECT_EQ(form.parts()[1].file_name, "C:\\x");
}

TEST(Multipart, AFormWithoutPartsIsEmpty) {
  EXPECT_TRUE(Multipart::parse(kType, "--XX--\r\n").parts().empty());
}

TEST(Multipart, WhatIsCutShortOrAmbiguousIsRefused) {
  const std::string named = "Content-Disposition: form-data; name=\"a\"";
  const std::string whole = part(named, "1") + "--XX--\r\n";
  ASSERT_EQ(refusalOf(whole), "") << "control";
  for (std::size_t size = 0; size + 2 < whole.size(); ++size)
    EXPECT_NE(refusalOf(whole.substr(0, size)), "") << size << " bytes of it";
  const std::string refused[] = {
      "preamble\r\n" + whole,
      whole + "epilogue",
      part(named, "1") + "--XXY\r\n\r\n--XX--",
      part(named, "1") + "--XX \r\n--XX--",
      part("", "1") + "--XX--",
      part("Content-Type: text/plain", "1") + "--XX--",
      part(named + "\r\n" + named, "1") + "--XX--",
      part("Content-Disposition: attachment; name=\"a\"", "1") + "--XX--",
      part("Content-Disposition: form-data", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"a", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"a\" x", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''b", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"\xFF\"", "1") + "--XX--",
      part(named + "\r\nContent-Transfer-Encoding: base64", "MQ==") + "--XX--",
      part(named + "\r\nContent-Type: multipart/mixed; boundary=YY", "1") + "--XX--",
      part(named + "\r\nno colon", "1") + "--XX--",
      part(named + "\r\nX: " + std::string(Multipart::kHeadBytesMax, 'x'), "1") + "--XX--",
  };
  for (const auto& body : refused) EXPECT_NE(refusalOf(body), "") << body;
}

TEST(Multipart, TheNumberOfPartsIsBounded) {
  std::string body;
  for (std::size_t i = 0; i < Multipart::kPartsMax; ++i)
    body += part("Content-Disposition: form-data; name=\"a\"", "1");
  EXPECT_EQ(Multipart::parse(kType, body + "--XX--").parts().size(), Multipart::kPartsMax);
  EXPECT_THROW(Multipart::parse(kType, body + "--XX--").find("a"), Error) << "given twice";
  EXPECT_NE(refusalOf(body + body + "--XX--"), "");
}

TEST(Multipart, TheBoundaryIsAsRfc2046HasIt) {
  for (const char* type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\\\"b\"",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"\r\n\""}) {
    EXPECT_NE(refusalOf("--XX--", type), "") << type;
  }
  EXPECT_NE(refusalOf("--XX--", "multipart/form-data; boundary=" + std::string(71, 'x')), "");
  EXPECT_EQ(refusalOf("--XX--", "multipart/mixed; boundary=XX").substr(0, 11), "UNSUPPORTED");
}

}  // namespace
}  // namespace bulkhead
