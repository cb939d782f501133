// Ffn: down(silu(gate(x)) * up(x)), the feed-forward network of experts, shared experts and dense
// layers (SwiGLU: Shazeer, arXiv:2002.05202).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/params/linear.h"

namespace switchyard {

class Ffn {
 public:
  struct Shape {
    std::int64_t hidden, inner;
    double init_std, down_init_std;
  };
  // Declares name.gate and name.up [inner, hidden], name.down [hidden, inner], or what
  // Params::terms_of names instead of each; see Linear.
  Ffn(Params& params, const std::string& name, const Shape& shape);
  // Declares them as the parts of an expert of `layer`: "<layer>.expert<e>.gate|up|down".
  Ffn(Params& params, const std::string& layer, int expert, const Shape& shape);

  // Of all its matrices: gate's, up's, down's.
  std::vector<ParamId> params() const;
  // See Params::host_expert.
  void host_expert(Params& params, const std::string& layer, int expert, bool extra_copy) const;

  // The columns of what layers that are sums of products need (Linear::Work): the ranks of gate, up
  // and down, and what a guided layer scales.
  struct Narrow {
    std::array<std::int64_t, 3> ranks{};
    std::int64_t scaled = 0;
    // terms: those of a part ("gate", "up" or "down").
    template <class TermsOf>
    static Narrow of(const TermsOf& terms, const Shape& shape) {
      Narrow narrow;
      constexpr std::array parts{"gate", "up", "down"};
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const LinearTerms of_part = terms(parts[i]);
        narrow.ranks[i] = of_part.rank;
        if (of_part.kind == LinearTerms::Kind::guided)
          narrow.scaled = std::max(shape.hidden, shape.inner);
      }
      return narrow;
    }
  };
  const Narrow& narrow() const { return narrow_; }
  // What backward needs, gate, up and product [rows, inner]. The caller owns the memory.
  struct Saved {
    Tensor gate, up, product;
    std::array<Tensor, 3> narrow{};  // [rows, rank], of gate, up and down
    Tensor scaled{};                 // scratch
    Saved row_range(std::int64_t begin, std::int64_t end) const;
    Linear::Work work(std::size_t part, const RowContext& rows) const {
      return {narrow[part], scaled, rows.weights.empty() ? nullptr : &rows};
    }
  };
  static Saved take(Arena& arena, std::int64_t rows, std::int64_t inner, const Narrow& sums);
  static Saved take(Arena& arena, std::int64_t rows, std::int64_t inner) {
    return take(arena, rows, inner, {});
  }

  // x, out: [rows, hidden]; rows: see row_tile. Zero rows of x give zero rows of out. rows: which
  // masks act on them, the same for both passes.
  void forward(const Params& params, Tensor x, const Saved& saved, Tensor out, Stream& stream,
               const RowContext& rows = {}) const;
  // Overwrites d_x and saved; adds one addend to each weight's gradient.
  void backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                Stream& stream, const RowContext& rows = {}) const;

 private:
  // key_of_name("NAME.down"), if activations are masked.
  std::uint64_t mask_name(const Params& params, const RowContext& rows) const;

  template <class SpecOf>
  void declare(Params& params, const Shape& shape, const SpecOf& spec_of);

  friend class FfnGroup;
  std::array<Linear, 3> layers_;  // gate, up, down
  Narrow narrow_;
};

// Networks of one shape, each with its own rows, which a GPU computes in as many launches as a
// single one (runtime/product/grouped_matmul.h).
class FfnGroup {
 public:
  struct Member {
    const Ffn* ffn;
    RowRange rows;  // in order, without gaps, from row 0; the members of a network are adjacent
  };
  explicit FfnGroup(std::vector<Member> members) : members_(std::move(members)) {}

  // As those of Ffn, over the rows of all members; each member adds one addend to its gradients.
  void forward(const Params& params, Tensor x, const Ffn::Saved& saved, Tensor out,
               Stream& stream) const;
  void backward(Params& params, Tensor x, const Ffn::Saved& saved, Tensor d_out, Tensor d_x,
                Stream& stream) const;

 private:
  LinearGroup layer(std::size_t part) const;  // 0: gate, 1: up, 2: down

  std::vector<Member> members_;
};

}  // namespace switchyard
