#include "io/prepare/input/pipes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "io/prepare/input/file_kind.h"
#include "tests/io/prepare/compressed.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace pipes_test {

namespace fs = std::filesystem;

// A named pipe into which another thread writes.
class Pipe {
 public:
  Pipe(const fs::path& path, const std::string& bytes) : path_(path) {
    mkfifo(path.c_str(), 0600);
    writer_ = std::thread([path, bytes] { std::ofstream(path, std::ios::binary) << bytes; });
  }
  ~Pipe() { writer_.join(); }
  std::vector<Source> sources() const { return {{"s", "unknown", {path_.string()}, "text", 0}}; }

 private:
  fs::path path_;
  std::thread writer_;
};

Inputs inputs_of(std::vector<Source> sources, const PipeCopies& copies) {
  copies.replace_inputs(sources);
  Inputs inputs = find_inputs(sources);
  copies.name_files(inputs);
  return inputs;
}

Inputs copied(const std::string& bytes, const Scratch& scratch) {
  fs::remove(scratch / "pipe");
  const Pipe pipe(scratch / "pipe", bytes);
  EXPECT_TRUE(PipeCopies::needed_for(pipe.sources()));
  const auto copies = PipeCopies::make(pipe.sources(), scratch.path(), [](std::int64_t) {});
  return inputs_of(pipe.sources(), PipeCopies::from_text(copies.text()));
}

TEST(Pipes, WhatComesThroughIsAFileOfJsonLines) {
  const Scratch scratch;
  const std::string lines = "{\"text\":\"a\"}\n";
  const Inputs inputs = copied(lines, scratch);
  ASSERT_EQ(inputs.files.size(), 1);
  EXPECT_EQ(inputs.files[0].name(), (scratch / "pipe").string());
  EXPECT_EQ(content_of(inputs.files[0].path), Content::lines);
  EXPECT_EQ(contents_of(inputs.files[0].path), lines);
}

TEST(Pipes, CompressedBytesAreRecognised) {
  const Scratch scratch;
  EXPECT_EQ(compression_of(copied(gzip_of("a"), scratch).files[0].path), Compression::gzip);
  EXPECT_EQ(compression_of(copied(zstd_of("a"), scratch).files[0].path), Compression::zstd);
  EXPECT_EQ(compression_of(copied("a", scratch).files[0].path), Compression::none);
}

TEST(Pipes, StampIsOfTheContent) {
  const Scratch scratch;
  const std::string one = copied("one", scratch).files[0].stamp;
  EXPECT_EQ(copied("one", scratch).files[0].stamp, one);
  EXPECT_NE(copied("two", scratch).files[0].stamp, one);
}

TEST(Pipes, NothingThroughAPipeIsAnError) {
  const Scratch scratch;
  EXPECT_EQ(thrown_by([&] { copied("", scratch); }).code, Exit::data);
}

TEST(Pipes, AreKnownByTheirNamesOrKinds) {
  const auto is_pipe = [](const char* input) {
    return PipeCopies::needed_for({{"s", "unknown", {"a.jsonl", input}, "text", 0}});
  };
  for (const char* input : {"-", "/dev/stdin", "/dev/fd/63", "/dev/null"}) {
    EXPECT_TRUE(is_pipe(input)) << input;
  }
  for (const char* input : {"./-", "/tmp", "missing.jsonl"}) EXPECT_FALSE(is_pipe(input)) << input;
}

}  // namespace pipes_test
}  // namespace switchyard::prepare
