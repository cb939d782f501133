#include "io/checkpoint/staging.h"

#include <algorithm>
#include <cstring>

#include "runtime/device/host_access.h"
#include "runtime/device/streaming_copy.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t piece_bytes = std::int64_t{1} << 20;
constexpr std::int64_t alignment = 64;

struct Piece {
  const std::byte* from;
  std::byte* to;
  std::int64_t bytes;
};

void cut(const Tensor& tensor, std::byte* to, std::vector<Piece>& pieces) {
  const auto* from = static_cast<const std::byte*>(tensor.data);
  for (std::int64_t begin = 0; begin < tensor.bytes(); begin += piece_bytes) {
    pieces.push_back({from + begin, to + begin, std::min(piece_bytes, tensor.bytes() - begin)});
  }
}

}  // namespace

std::vector<NamedTensor> Staging::copy(const std::vector<NamedTensor>& tensors, Stream& stream) {
  const auto rounded = [](std::int64_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  };
  std::int64_t total = 0;
  for (const NamedTensor& named : tensors) total += rounded(named.tensor.bytes());
  if (total > buffer_.tensor().size()) {
    buffer_ = {};  // frees the old memory first
    buffer_ = Buffer({total}, DType::u8);
  }
  std::vector<NamedTensor> copies = tensors;
  std::vector<Piece> pieces;
  auto* to = static_cast<std::byte*>(buffer_.tensor().data);
  for (NamedTensor& named : copies) {
    if (named.tensor.device == Device::cpu()) {
      cut(named.tensor, to, pieces);
    } else {
      stream.synchronize();
      read_now(named.tensor, to);
    }
    named.tensor.data = to;
    named.tensor.device = Device::cpu();
    to += rounded(named.tensor.bytes());
  }
  parallel_for(stream, std::ssize(pieces), [&](std::int64_t i) {
    const Piece& piece = pieces[static_cast<std::size_t>(i)];
    const auto bytes = static_cast<std::size_t>(piece.bytes);
    if (total < streaming_bytes) {
      std::memcpy(piece.to, piece.from, bytes);
      return;
    }
    copy_streaming(piece.from, piece.to, bytes);
    finish_streaming();
  });
  return copies;
}

}  // namespace switchyard
