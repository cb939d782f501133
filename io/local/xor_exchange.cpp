#include "io/local/xor_exchange.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

Tensor rows_of_bytes(std::vector<std::byte>& bytes) {
  return {bytes.data(), {std::ssize(bytes), 1}, DType::u8, Device::cpu()};
}

std::int64_t longest(const XorTarget& target) {
  std::int64_t bytes = 0;
  for (const XorSource& source : target.sources) bytes = std::max(bytes, source.range.size());
  return bytes;
}

// Where parts of these sizes begin, one after the other.
std::vector<std::int64_t> begins_of(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> begins(sizes.size());
  std::exclusive_scan(sizes.begin(), sizes.end(), begins.begin(), std::int64_t{0});
  return begins;
}

std::int64_t sum_of(const std::vector<std::int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

// Reads pieces; it keeps the file open, since the next piece is often of the same one.
class PieceReader {
 public:
  explicit PieceReader(const std::filesystem::path& folder) : folder_(folder) {}

  void read(const XorSource& source, std::span<std::byte> out) {
    if (out.empty()) return;
    if (name_ != source.file) {
      opened_.reset();
      opened_.emplace(durable::File::open_for_reading(folder_ / source.file));
      name_ = source.file;
    }
    require(opened_->read_at(source.range.begin, out) == std::ssize(out), Exit::data,
            "{} is truncated: byte {} is missing", opened_->path().string(), source.range.end - 1);
  }

 private:
  const std::filesystem::path& folder_;
  std::string name_;
  std::optional<durable::File> opened_;
};

}  // namespace

void xor_into(std::span<std::byte> out, std::span<const std::byte> in) {
  const std::size_t count = std::min(out.size(), in.size());
  for (std::size_t i = 0; i < count; ++i) out[i] ^= in[i];
}

XorExchange::XorExchange(std::filesystem::path folder, Comm& comm)
    : folder_(std::move(folder)), comm_(comm) {}

XorExchange::~XorExchange() {
  while (!arrived()) std::this_thread::yield();
}

void XorExchange::pack(std::vector<XorTarget> targets) {
  targets_ = std::move(targets);
  send_.assign(static_cast<std::size_t>(comm_.size()), 0);
  receive_ = send_;
  for (const XorTarget& target : targets_) {
    for (const XorSource& source : target.sources) {
      if (source.from == comm_.rank()) send_[std::size_t(target.to)] += source.range.size();
      if (target.to == comm_.rank()) receive_[std::size_t(source.from)] += source.range.size();
    }
  }
  out_.resize(static_cast<std::size_t>(sum_of(send_)));
  in_.resize(static_cast<std::size_t>(sum_of(receive_)));
  std::vector<std::int64_t> begins = begins_of(send_);
  PieceReader reader(folder_);
  for (const XorTarget& target : targets_) {
    for (const XorSource& source : target.sources) {
      if (source.from != comm_.rank()) continue;
      const std::int64_t count = source.range.size();
      const auto begin =
          std::exchange(begins[std::size_t(target.to)], begins[std::size_t(target.to)] + count);
      reader.read(source, std::span(out_).subspan(std::size_t(begin), std::size_t(count)));
    }
  }
  keep_own();
}

// Copies what this rank sends to itself.
void XorExchange::keep_own() {
  const auto me = static_cast<std::size_t>(comm_.rank());
  const auto from =
      std::span(out_).subspan(std::size_t(begins_of(send_)[me]), std::size_t(send_[me]));
  std::copy(from.begin(), from.end(), in_.begin() + begins_of(receive_)[me]);
}

void XorExchange::start() {
  pending_ = comm_.start_exchange_rows(rows_of_bytes(out_), send_, rows_of_bytes(in_), receive_);
}

bool XorExchange::arrived() {
  if (pending_ && pending_->arrived()) pending_.reset();
  return !pending_;
}

void XorExchange::unpack(
    const std::function<void(const XorTarget&, std::span<const std::byte>)>& write) {
  std::vector<std::int64_t> begins = begins_of(receive_);
  std::vector<std::byte> joined;
  for (const XorTarget& target : targets_) {
    if (target.to != comm_.rank()) continue;
    joined.assign(static_cast<std::size_t>(longest(target)), std::byte{0});
    for (const XorSource& source : target.sources) {
      std::int64_t& begin = begins[std::size_t(source.from)];
      const std::int64_t count = source.range.size();
      xor_into(joined, std::span(in_).subspan(std::size_t(begin), std::size_t(count)));
      begin += count;
    }
    write(target, joined);
  }
}

}  // namespace switchyard
