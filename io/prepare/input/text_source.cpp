#include "io/prepare/input/text_source.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "io/text/unicode.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t mark_bytes = 4;  // as many as tell UTF-16 from UTF-32

bool is_surrogate(char32_t unit, char32_t first) { return unit >= first && unit < first + 0x400; }

class Utf16Source final : public ByteSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> source, bool high_byte_first)
      : source_(std::move(source)), high_byte_first_(high_byte_first) {}

  std::size_t read(std::span<char> out) override {
    while (next_ == text_.size() && refill()) {
    }
    const std::size_t size = std::min(out.size(), text_.size() - next_);
    std::copy_n(text_.data() + next_, size, out.data());
    next_ += size;
    damage_ = source_->damage();
    has_garbage_ = source_->has_garbage();
    return size;
  }

 private:
  static constexpr char invalid_ = '\xFF';

  // Converts what comes next. False at the end.
  bool refill() {
    text_.clear();
    next_ = 0;
    const std::size_t size = source_->read(std::span(buffer_).subspan(num_held_));
    const std::size_t num_bytes = num_held_ + size;
    for (std::size_t i = 0; i + 1 < num_bytes; i += 2) convert(unit_at(i));
    num_held_ = num_bytes % 2;
    buffer_[0] = num_held_ > 0 ? buffer_[num_bytes - 1] : '\0';
    if (size > 0) return true;
    if (num_held_ > 0 || high_ != 0) text_ += invalid_;
    num_held_ = 0;
    high_ = 0;
    return !text_.empty();
  }

  char32_t unit_at(std::size_t i) const {
    const auto first = static_cast<unsigned char>(buffer_[i]);
    const auto second = static_cast<unsigned char>(buffer_[i + 1]);
    return high_byte_first_ ? static_cast<char32_t>(first << 8 | second)
                            : static_cast<char32_t>(second << 8 | first);
  }

  void convert(char32_t unit) {
    const bool is_low = is_surrogate(unit, 0xDC00);
    const char32_t high = std::exchange(high_, is_surrogate(unit, 0xD800) ? unit : 0);
    if (high != 0 && is_low) {
      append_utf8(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), text_);
      return;
    }
    if (high != 0 || is_low) text_ += invalid_;
    if (high_ == 0 && !is_low) append_utf8(unit, text_);
  }

  std::unique_ptr<ByteSource> source_;
  bool high_byte_first_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{64} << 10);
  std::size_t num_held_ = 0;  // 1: the first byte of the buffer is half a unit
  char32_t high_ = 0;         // a surrogate that waits for its partner
  std::string text_;
  std::size_t next_ = 0;
};

}  // namespace

bool is_utf16(std::string_view head) {
  const bool is_utf32 = head.starts_with(std::string_view("\xFF\xFE\0\0", 4));
  return (head.starts_with("\xFF\xFE") && !is_utf32) || head.starts_with("\xFE\xFF");
}

TextSource open_text(const std::filesystem::path& file) {
  const Compression compression = compression_of(file);
  auto peeked =
      std::make_unique<PeekedSource>(decompress(open_file(file), compression), mark_bytes);
  const std::string head(peeked->head());
  if (!is_utf16(head)) return {std::move(peeked), compression != Compression::none};
  return {std::make_unique<Utf16Source>(std::move(peeked), head[0] == '\xFE'), true};
}

}  // namespace switchyard::prepare
