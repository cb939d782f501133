// For tests of files: a fresh folder, and the ways in which disks and files go wrong.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard {

// A fresh folder under testing::TempDir(), removed in the end.
class Scratch {
 public:
  Scratch() {
    std::string pattern =
        (std::filesystem::path(testing::TempDir()) / "switchyard-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "cannot make a folder like {}", pattern);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Collective: rank 0's Scratch, shared by all ranks of `world`.
class SharedScratch {
 public:
  explicit SharedScratch(Comm& world)
      : world_(world), path_(broadcast_text(world, mine_.path().string(), 0)) {}
  ~SharedScratch() { world_.barrier(); }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  Comm& world_;
  Scratch mine_;
  std::filesystem::path path_;
};

// While it lives, this process cannot write a file beyond `bytes`: a full disk without a disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

inline std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_contents(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline void flip_bit(const std::filesystem::path& path, std::int64_t offset) {
  std::string bytes = contents_of(path);
  char& byte = bytes.at(static_cast<std::size_t>(offset));
  byte = static_cast<char>(byte ^ 1);
  put_contents(path, bytes);
}

// What `work` throws: its exit code and message. Exit::done if it throws nothing.
struct Thrown {
  Exit code = Exit::done;
  std::string message;
  bool agreed = false;
};

template <class Work>
Thrown thrown_by(Work work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return {error.code(), error.what(), error.agreed()};
  }
}

}  // namespace switchyard
