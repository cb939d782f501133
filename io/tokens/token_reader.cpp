#include "io/tokens/token_reader.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

SWITCHYARD_MULTIVERSION
void widen_u16(const std::uint16_t* ids, std::int64_t count, std::int32_t* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = ids[i];
}

SWITCHYARD_MULTIVERSION
std::uint32_t largest_u16(const std::uint16_t* ids, std::int64_t count) {
  std::uint16_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, ids[i]);
  return largest;
}

SWITCHYARD_MULTIVERSION
std::uint32_t largest_u32(const std::uint32_t* ids, std::int64_t count) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, ids[i]);
  return largest;
}

// The extents' offsets are multiples of a token's width (TokenReader's constructor).
template <class Id>
const Id* as(std::span<const std::byte> bytes) {
  return reinterpret_cast<const Id*>(bytes.data());
}

void widen(std::span<const std::byte> bytes, std::int64_t width, std::int32_t* out) {
  const std::int64_t count = std::ssize(bytes) / width;
  if (width == 2) return widen_u16(as<std::uint16_t>(bytes), count, out);
  std::copy_n(as<std::int32_t>(bytes), count, out);
}

ChunkReader::Inspect within(std::int64_t vocabulary, std::int64_t width) {
  return [=](const FileExtent& from, std::int64_t chunk, std::span<const std::byte> bytes) {
    const std::int64_t count = std::ssize(bytes) / width;
    const std::uint32_t largest = width == 2 ? largest_u16(as<std::uint16_t>(bytes), count)
                                             : largest_u32(as<std::uint32_t>(bytes), count);
    require(largest < vocabulary, Exit::data,
            "{} holds token {} in chunk {}, and its vocabulary has {} ids", from.file.string(),
            largest, chunk, vocabulary);
  };
}

}  // namespace

TokenReader::TokenReader(const TokenStore& store, const std::string& split, Access access)
    : store_(store),
      width_(store.vocabulary() <= 65536 ? 2 : 4),
      first_{0},
      chunks_(store_.shards(split), access, within(store.vocabulary(), width_)) {
  for (const auto& [path, tokens] : store_.shards(split)) {
    require(tokens.offset % width_ == 0, Exit::data, "'tokens' of {} start at the odd byte {}",
            path.string(), tokens.offset);
    first_.push_back(first_.back() + tokens.bytes / width_);
  }
}

void TokenReader::read(std::int64_t begin, std::span<std::int32_t> out) {
  const std::int64_t end = begin + std::ssize(out);
  require(begin >= 0 && end <= num_tokens(), "tokens {} to {} of a split of {}", begin, end,
          num_tokens());
  auto shard = std::upper_bound(first_.begin(), first_.end(), begin) - first_.begin() - 1;
  for (std::int64_t at = begin; at < end; ++shard) {
    const std::int64_t first = first_[static_cast<std::size_t>(shard)];
    const std::int64_t last = std::min(end, first_[static_cast<std::size_t>(shard) + 1]);
    widen(chunks_.view(shard, (at - first) * width_, (last - at) * width_), width_,
          out.data() + (at - begin));
    at = last;
  }
}

}  // namespace switchyard
