// Ffn: down(silu(gate(x)) * up(x)), the feed-forward network of experts, shared experts and dense
// layers (SwiGLU: Shazeer, arXiv:2002.05202).
#pragma once

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
  // Declares name.gate and name.up [inner, hidden], name.down [hidden, inner].
  Ffn(Params& params, const std::string& name, const Shape& shape);
  // Declares them as the parts of an expert of `layer`: "<layer>.expert<e>.gate|up|down".
  Ffn(Params& params, const std::string& layer, int expert, const Shape& shape);

  std::array<ParamId, 3> params() const { return {gate_.weight(), up_.weight(), down_.weight()}; }
  // See Params::host_expert.
  void host_expert(Params& params, int expert, bool extra_copy) const;

  // What backward needs, each [rows, inner]. The caller owns the memory.
  struct Saved {
    Tensor gate, up, product;
    Saved row_range(std::int64_t begin, std::int64_t end) const;
  };
  static Saved take(Arena& arena, std::int64_t rows, std::int64_t inner);

  // x, out: [rows, hidden]; rows: see row_tile. Zero rows of x give zero rows of out.
  void forward(const Params& params, Tensor x, const Saved& saved, Tensor out,
               Stream& stream) const;
  // Overwrites d_x and saved; adds one addend to each weight's gradient.
  void backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                Stream& stream) const;

 private:
  template <class Declare>
  void declare(const Shape& shape, const Declare& linear);

  Linear gate_, up_, down_;
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
  LinearGroup layer(std::size_t part) const;  // part: index in Ffn::params()

  std::vector<Member> members_;
};

}  // namespace switchyard
