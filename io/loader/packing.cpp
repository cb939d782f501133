#include "io/loader/packing.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

std::size_t to_index(std::int64_t i) { return static_cast<std::size_t>(i); }

std::uint64_t bit(std::int64_t i) { return std::uint64_t{1} << (i % 64); }

}  // namespace

Packer::SpaceSet::SpaceSet(std::int64_t size) {
  do {
    size = (size + 63) / 64;
    levels_.emplace_back(to_index(size));
  } while (size > 1);
}

void Packer::SpaceSet::insert(std::int64_t space) {
  for (auto& level : levels_) {
    level[to_index(space / 64)] |= bit(space);
    space /= 64;
  }
}

void Packer::SpaceSet::erase(std::int64_t space) {
  for (auto& level : levels_) {
    level[to_index(space / 64)] &= ~bit(space);
    if (level[to_index(space / 64)] != 0) return;
    space /= 64;
  }
}

std::int64_t Packer::SpaceSet::min_from(std::int64_t space) const {
  std::size_t level = 0;
  for (; level < levels_.size(); ++level) {
    const std::int64_t word = space / 64;
    if (word >= std::ssize(levels_[level])) return -1;
    const std::uint64_t from_here =
        levels_[level][to_index(word)] & (~std::uint64_t{0} << (space % 64));
    if (from_here != 0) {
      space = word * 64 + std::countr_zero(from_here);
      break;
    }
    space = word + 1;  // the next child of the parent
  }
  if (level == levels_.size()) return -1;
  while (level-- > 0) space = space * 64 + std::countr_zero(levels_[level][to_index(space)]);
  return space;
}

Packer::Packer(std::int64_t sequence_length, Emit emit)
    : sequence_length_(sequence_length),
      emit_(std::move(emit)),
      spaces_(sequence_length + 1),
      row_with_space_(to_index(sequence_length + 1), -1) {
  require(sequence_length >= 1, "rows of {} tokens", sequence_length);
}

void Packer::add_document(std::int64_t start, std::int64_t length, std::int64_t prompt) {
  require(length >= 1 && prompt >= 0 && prompt < length, "a document of {} tokens, {} of a prompt",
          length, prompt);
  const std::int64_t end = start + length;
  for (; prompt >= sequence_length_; prompt -= sequence_length_) start += sequence_length_;
  num_tokens_ += end - start;
  for (; end - start >= sequence_length_; start += sequence_length_, prompt = 0) {
    const Piece full{start, sequence_length_, prompt};
    emit_(std::span(&full, 1));
    ++num_large_;
  }
  if (start == end) return;
  if (2 * (end - start) > sequence_length_) ++num_large_;
  pieces_.push_back({start, end - start, prompt});
  if (std::ssize(pieces_) == window) pack_window();
}

void Packer::finish() {
  pack_window();
  num_tokens_ = num_large_ = 0;
}

std::int64_t Packer::min_rows() const {
  return std::max(num_large_, (num_tokens_ + sequence_length_ - 1) / sequence_length_);
}

void Packer::pack_window() {
  order_.resize(pieces_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(), [&](std::int32_t a, std::int32_t b) {
    return pieces_[to_index(a)].length > pieces_[to_index(b)].length;
  });
  row_of_piece_.resize(pieces_.size());
  for (const std::int32_t piece : order_) place(piece);
  for (std::int64_t space = spaces_.min_from(0); space >= 0; space = spaces_.min_from(space)) {
    row_with_space_[to_index(space)] = -1;
    spaces_.erase(space);
  }
  emit_rows();
  pieces_.clear();
  next_row_.clear();
}

void Packer::place(std::int64_t piece) {
  const std::int64_t length = pieces_[to_index(piece)].length;
  std::int64_t space = spaces_.min_from(length);
  std::int32_t row = 0;
  if (space < 0) {
    space = sequence_length_;
    row = static_cast<std::int32_t>(next_row_.size());
    next_row_.push_back(-1);
  } else {
    row = row_with_space_[to_index(space)];
    row_with_space_[to_index(space)] = next_row_[to_index(row)];
    if (next_row_[to_index(row)] < 0) spaces_.erase(space);
  }
  row_of_piece_[to_index(piece)] = row;
  const std::int64_t left = space - length;
  if (left == 0) return;
  next_row_[to_index(row)] = std::exchange(row_with_space_[to_index(left)], row);
  spaces_.insert(left);
}

void Packer::emit_rows() {
  first_of_row_.assign(next_row_.size() + 1, 0);
  for (const std::int32_t row : row_of_piece_) ++first_of_row_[to_index(row) + 1];
  std::partial_sum(first_of_row_.begin(), first_of_row_.end(), first_of_row_.begin());
  row_pieces_.resize(pieces_.size());
  std::vector<std::int32_t> end(first_of_row_.begin(), first_of_row_.end() - 1);
  for (std::size_t piece = 0; piece < pieces_.size(); ++piece) {
    row_pieces_[to_index(end[to_index(row_of_piece_[piece])]++)] = pieces_[piece];
  }
  for (std::size_t row = 0; row < end.size(); ++row) {
    emit_(std::span(row_pieces_)
              .subspan(to_index(first_of_row_[row]),
                       to_index(first_of_row_[row + 1] - first_of_row_[row])));
  }
}

}  // namespace switchyard
