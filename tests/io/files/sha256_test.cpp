#include "io/files/sha256.h"

#include "tests/io/scratch.h"

namespace switchyard {
namespace sha256_test {

// FIPS 180-4, appendix B, and NIST's example of an empty message.
TEST(Sha256, AnswersAsTheStandardSays) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HashesAFileAsItsBytes) {
  const Scratch scratch;
  std::string bytes(9'000'001, 'x');
  bytes.back() = 'y';
  put_contents(scratch / "file", bytes);
  EXPECT_EQ(sha256_of_file(scratch / "file"), sha256_of(bytes));
  put_contents(scratch / "empty", "");
  EXPECT_EQ(sha256_of_file(scratch / "empty"), sha256_of(""));
}

}  // namespace sha256_test
}  // namespace switchyard
