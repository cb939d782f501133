#include "io/prepare/work/number_file.h"

#include <fcntl.h>

namespace switchyard::prepare {
namespace {

constexpr std::size_t buffered = std::size_t{1} << 16;

}  // namespace

NumberWriter::NumberWriter(const std::filesystem::path& path)
    : file_(durable::File::open_for_writing(path, O_TRUNC)) {
  buffer_.reserve(buffered);
}

void NumberWriter::put(std::uint32_t number) {
  buffer_.push_back(number);
  if (buffer_.size() < buffered) return;
  file_.write({reinterpret_cast<const char*>(buffer_.data()), buffer_.size() * sizeof number});
  buffer_.clear();
}

void NumberWriter::put(std::span<const std::uint32_t> numbers) {
  for (const std::uint32_t number : numbers) put(number);
}

void NumberWriter::finish() {
  file_.write(
      {reinterpret_cast<const char*>(buffer_.data()), buffer_.size() * sizeof(std::uint32_t)});
  buffer_.clear();
  file_.close();
}

NumberReader::NumberReader(const std::filesystem::path& path)
    : file_(durable::File::open_for_reading(path)), buffer_(buffered) {}

bool NumberReader::next(std::uint32_t& number) {
  if (at_ == end_) {
    const std::int64_t bytes = file_.read_at(offset_, std::as_writable_bytes(std::span(buffer_)));
    offset_ += bytes;
    at_ = 0;
    end_ = static_cast<std::size_t>(bytes) / sizeof number;
    if (end_ == 0) return false;
  }
  number = buffer_[at_++];
  return true;
}

}  // namespace switchyard::prepare
