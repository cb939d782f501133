// Packing: documents of any length into rows of one length.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace switchyard {

// Tokens [start, start + length) of a split's stream: (a part of) one document.
struct Piece {
  std::int64_t start = 0;
  std::int64_t length = 0;
  std::int64_t prompt = 0;  // the first tokens whose targets are a prompt's, fewer than length
  bool operator==(const Piece&) const = default;
};

// Cuts a document into as many full rows as it has, and packs the remainders of 16,384 documents at
// a time by best fit in order of decreasing length (Johnson et al., "Worst-case performance bounds
// for simple one-dimensional packing algorithms", SIAM J. Comput. 3, 1974). The rows are a function
// of the documents and their order alone. Memory: one window, and four bytes for each token of a
// row.
class Packer {
 public:
  static constexpr std::int64_t window = 16384;
  // Takes the pieces of one row, in the order of the documents: at least one, and their lengths add
  // up to at most the sequence length.
  using Emit = std::function<void(std::span<const Piece> row)>;

  Packer(std::int64_t sequence_length, Emit emit);

  // length: of the document's tokens, its boundary included; at least 1. prompt: of these, the
  // first ones whose targets have no loss, fewer than length; full rows without a loss are left
  // out.
  void add_document(std::int64_t start, std::int64_t length, std::int64_t prompt = 0);
  // Emits what is left. Documents that follow share no row with those before.
  void finish();

  // No packing of the pieces added since the last finish() has fewer rows than this.
  std::int64_t min_rows() const;

 private:
  void pack_window();
  void place(std::int64_t piece);
  void emit_rows();

  // The set of sizes of free space that open rows have: a tree of bits, 64 children to a node.
  class SpaceSet {
   public:
    explicit SpaceSet(std::int64_t size);
    void insert(std::int64_t space);
    void erase(std::int64_t space);
    std::int64_t min_from(std::int64_t space) const;  // -1 if the set has none

   private:
    std::vector<std::vector<std::uint64_t>> levels_;
  };

  std::int64_t sequence_length_;
  Emit emit_;
  std::int64_t num_tokens_ = 0, num_large_ = 0;  // since the last finish()
  std::vector<Piece> pieces_;                    // of the window, in the order of the documents
  std::vector<std::int32_t> order_;              // of pieces_, longest first
  std::vector<std::int32_t> row_of_piece_;
  SpaceSet spaces_;
  std::vector<std::int32_t> row_with_space_;  // the one that got this space last, or -1
  std::vector<std::int32_t> next_row_;        // another row with the same space, or -1
  std::vector<std::int32_t> first_of_row_;    // within row_pieces_
  std::vector<Piece> row_pieces_;             // of the window, row after row
};

}  // namespace switchyard
