#include "io/loader/row_filler.h"

#include <algorithm>
#include <span>

#include "runtime/hd.h"

namespace switchyard {
namespace {

SWITCHYARD_MULTIVERSION
void count_up(std::int32_t* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::int32_t>(i);
}

}  // namespace

RowFiller::RowFiller(const TokenStore& store, const std::filesystem::path& rows_folder,
                     const std::string& split, RowForm form, Access access)
    : sequence_length_(form.length),
      boundary_(store.boundary_token()),
      tokens_(store, split, access),
      rows_(rows_folder.empty() ? RowTable(store, split, form)
                                : RowTable(rows_folder, store, split, form)),
      text_(static_cast<std::size_t>(form.length + 1)) {}

void RowFiller::fill(std::int64_t row, const Row& out, const Objective* objective,
                     std::int64_t sample) {
  std::int64_t at = 0;
  std::uint64_t number = 0;
  for (const Piece& piece : rows_.pieces(row)) {
    const std::int64_t count = std::min(piece.length + 1, tokens_.num_tokens() - piece.start);
    tokens_.read(piece.start, std::span(text_).first(static_cast<std::size_t>(count)));
    if (count == piece.length) text_[static_cast<std::size_t>(count)] = boundary_;
    if (objective != nullptr) {
      objective->rewrite(static_cast<std::uint64_t>(sample), number++,
                         std::span(text_).first(static_cast<std::size_t>(piece.length + 1)));
    }
    std::copy_n(text_.data(), piece.length, out.tokens + at);
    std::copy_n(text_.data() + 1, piece.length, out.targets + at);
    std::fill_n(out.targets + at, piece.prompt, -1);
    count_up(out.positions + at, piece.length);
    at += piece.length;
  }
  if (objective != nullptr) {
    objective->add_noise(static_cast<std::uint64_t>(sample),
                         std::span(out.tokens, static_cast<std::size_t>(at)));
  }
  fill_tail(at, out);
}

void RowFiller::fill_blank(const Row& out) const { fill_tail(0, out); }

void RowFiller::fill_tail(std::int64_t begin, const Row& out) const {
  const std::int64_t count = sequence_length_ - begin;
  std::fill_n(out.tokens + begin, count, boundary_);
  std::fill_n(out.targets + begin, count, -1);
  count_up(out.positions + begin, count);
}

const std::filesystem::path* RowFiller::reading() const {
  const std::filesystem::path* file = rows_.reading();
  return file != nullptr ? file : tokens_.reading();
}

}  // namespace switchyard
