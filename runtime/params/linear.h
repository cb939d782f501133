// Linear: y = x W^T, plus a bias if asked for, and its gradients; or a sum of such products
// (runtime/params/linear_terms.h). Each product is in the precision that the parameters ask for,
// the bias in f32.
#pragma once

#include <optional>

#include "runtime/masks/row_context.h"
#include "runtime/params/params.h"

namespace switchyard {

enum class Bias : bool { no, yes };

// The matrices of a layer: W or a guide; A or V; B or U.
enum class Factor : std::uint8_t { weight, first, second };

// How much each product of a layer counts: 0 for one that is left out.
struct TermShares {
  float weight = 1.0F, chain = 0.0F;
};

class Linear {
 public:
  Linear() = default;
  // Declares W [out, in], or what params.terms_of(name) names instead, and NAME_bias [out], which
  // begins at 0 and does not decay. precision: of all products, whatever the parameters ask for.
  Linear(Params& params, ParamSpec spec, Bias bias = Bias::no,
         std::optional<Precision> precision = {});

  ParamId id(Factor factor) const { return ids_[static_cast<std::size_t>(factor)]; }  // -1: none
  std::int64_t rank() const { return terms_.rank; }
  // All but the bias.
  std::vector<ParamId> matrices() const;

  // What a sum of several products needs from forward to backward.
  struct Work {
    Tensor narrow;             // [rows, rank], if the rank is not 0
    Tensor scaled;             // of a guided layer: at least [rows, out]; scratch
    const RowContext* masked;  // null, or of a dense layer whose weights are masked
  };

  // x: [rows, in], y: [rows, out]. Rows: see row_tile. Fills work.narrow. Weights that are kept as
  // codes (runtime/codes/coded_weights.h) are multiplied in f32, whatever the precision.
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream,
               const Work& work = {}) const;
  // The gradients of the matrices += those by d_y, one addend each. Comes before input_gradient,
  // and leaves in `work` what that reads.
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream,
                       const Work& work = {}) const;
  // d_x (= or +=) the gradient by x.
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write, Stream& stream,
                      const Work& work = {}) const;

  struct BiasScratch {
    Tensor sums, sum;
    static BiasScratch take(Arena& arena, std::int64_t rows, std::int64_t out);
  };
  // The gradient of the bias += the sum of d_y's rows, one addend. Does nothing without a bias.
  void bias_gradient(Params& params, Tensor d_y, const BiasScratch& scratch, Stream& stream) const;

  // The parts of the sums, for linear.cpp and groups.
  TermShares shares(const Params& params) const;
  void multiply(const Params& params, Factor factor, Tensor x, Tensor y, Write write,
                Stream& stream) const;
  void multiply_back(const Params& params, Factor factor, Tensor d_y, Tensor d_x, Write write,
                     Stream& stream) const;
  void add_gradient(Params& params, Factor factor, Tensor d_y, Tensor x, Stream& stream) const;

 private:
  void declare(Params& params, const ParamSpec& spec);
  // The same with a mask of the weights for each range of rows. A gradient is one addend: the sum
  // over the ranges, in order and in f32, of each one's product times its mask.
  void multiply_masked(const Params& params, Tensor x, Tensor y, const RowContext& rows,
                       Stream& stream) const;
  void multiply_back_masked(const Params& params, Tensor d_y, Tensor d_x, Write write,
                            const RowContext& rows, Stream& stream) const;
  void add_masked_gradient(Params& params, Tensor d_y, Tensor x, const RowContext& rows,
                           Stream& stream) const;

  LinearTerms terms_;
  std::array<ParamId, 3> ids_{-1, -1, -1};  // by Factor
  ParamId bias_ = -1;
  std::optional<Precision> precision_;
};

// Linear layers of one shape and of the same terms side by side, each for some of the rows. On a
// GPU their products are one launch where they go together (runtime/product/grouped_matmul.h).
class LinearGroup {
 public:
  struct Member {
    const Linear* layer;
    RowRange
        rows;  // in order and without gaps from row 0; a layer may occur several times in a row
  };
  explicit LinearGroup(std::vector<Member> members) : members_(std::move(members)) {}

  // As Linear, over the rows of all members; one addend for each member.
  void forward(const Params& params, Tensor x, Tensor y, Stream& stream,
               const Linear::Work& work = {}) const;
  void weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream,
                       const Linear::Work& work = {}) const;
  void input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write, Stream& stream,
                      const Linear::Work& work = {}) const;

  std::int64_t rank() const { return members_.front().layer->rank(); }
  TermShares shares(const Params& params) const;
  void multiply(const Params& params, Factor factor, Tensor x, Tensor y, Write write,
                Stream& stream) const;
  void multiply_back(const Params& params, Factor factor, Tensor d_y, Tensor d_x, Write write,
                     Stream& stream) const;
  void add_gradient(Params& params, Factor factor, Tensor d_y, Tensor x, Stream& stream) const;

 private:
  bool is_packed(const Params& params, Factor factor) const;
  void multiply_packed(const Params& params, Factor factor, Tensor in, Op op, Tensor out,
                       Write write, Stream& stream, Precision precision) const;
  std::vector<RowGroup> groups(const Params& params, Factor factor, Precision precision,
                               Stream& stream) const;

  std::vector<Member> members_;
};

}  // namespace switchyard
