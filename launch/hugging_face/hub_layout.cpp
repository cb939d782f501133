#include "launch/hugging_face/hub_layout.h"

#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "runtime/error.h"

namespace switchyard::hub {

std::int64_t elements_of(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies{});
}

void Layout::add(const std::string& ours, const std::string& theirs,
                 std::vector<std::int64_t> shape) {
  add_stack(theirs, shape);
  add_piece(ours, std::move(shape));
}

void Layout::add_stack(const std::string& theirs, std::vector<std::int64_t> shape) {
  tensors_.push_back({theirs, std::move(shape)});
}

void Layout::add_piece(const std::string& ours, std::vector<std::int64_t> shape) {
  const std::size_t last = tensors_.size() - 1;
  const bool follows = !pieces_.empty() && pieces_.back().theirs == last;
  const std::int64_t begin = follows ? pieces_.back().begin + pieces_.back().elements : 0;
  const std::int64_t elements = elements_of(shape);
  pieces_.push_back({ours, std::move(shape), last, begin, elements});
}

void Layout::check() const {
  std::vector<std::int64_t> filled(tensors_.size(), 0);
  std::set<std::string> ours;
  for (const Piece& piece : pieces_) {
    require(ours.insert(piece.ours).second, "{} is written twice", piece.ours);
    require(piece.begin == filled[piece.theirs], "a gap before {}", piece.ours);
    filled[piece.theirs] += piece.elements;
  }
  std::set<std::string> theirs;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = tensors_[i];
    require(theirs.insert(tensor.name).second, "there are two tensors {}", tensor.name);
    require(filled[i] == tensor.elements(), "{} of {} elements of {} are filled", filled[i],
            tensor.elements(), tensor.name);
  }
}

}  // namespace switchyard::hub
