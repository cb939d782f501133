// HubLayout: which elements of which Hugging Face tensor each of our tensors is. It is read in one
// direction to export and in the other to import.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::hub {

std::int64_t elements_of(const std::vector<std::int64_t>& shape);

struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;

  std::int64_t elements() const { return elements_of(shape); }
};

// Our tensor is the elements [begin, begin + elements) of theirs, in the same order.
struct Piece {
  std::string ours;                 // "value/layer3.expert17.up"
  std::vector<std::int64_t> shape;  // of ours
  std::size_t theirs = 0;           // of tensors()
  std::int64_t begin = 0, elements = 0;
};

class Layout {
 public:
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const std::vector<Piece>& pieces() const { return pieces_; }

  // A tensor of theirs that is one of ours.
  void add(const std::string& ours, const std::string& theirs, std::vector<std::int64_t> shape);
  // A tensor of theirs that is made of several; its pieces follow with add_piece.
  void add_stack(const std::string& theirs, std::vector<std::int64_t> shape);
  // The next elements of the last tensor added.
  void add_piece(const std::string& ours, std::vector<std::int64_t> shape);

  // Errors: Exit::internal unless the pieces fill every tensor, and no tensor of ours is used
  // twice: nothing is lost, and nothing is written over.
  void check() const;

 private:
  std::vector<Tensor> tensors_;
  std::vector<Piece> pieces_;
};

}  // namespace switchyard::hub
