// NumberFile: a scratch file of 32-bit numbers, written and read from end to end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "io/files/file.h"

namespace switchyard::prepare {

class NumberWriter {
 public:
  explicit NumberWriter(const std::filesystem::path& path);
  void put(std::uint32_t number);
  void put(std::span<const std::uint32_t> numbers);
  void finish();

 private:
  durable::File file_;
  std::vector<std::uint32_t> buffer_;
};

class NumberReader {
 public:
  explicit NumberReader(const std::filesystem::path& path);
  bool next(std::uint32_t& number);  // false at the end

 private:
  durable::File file_;
  std::int64_t offset_ = 0;
  std::size_t at_ = 0, end_ = 0;
  std::vector<std::uint32_t> buffer_;
};

}  // namespace switchyard::prepare
