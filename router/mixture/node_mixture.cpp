#include "router/exchange/parcel.h"
#include "router/mixture/mixture.h"
#include "router/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// The gradient of a choice's weight is a product of its result and the gradient by its token. The
// result never comes home, so the product is taken at the expert, and travels by itself.
class NodeMixture final : public Mixture {
 public:
  NodeMixture(Exchange& exchange, Comm& experts) : exchange_(exchange), experts_(experts) {}

  void forward(Tensor x, Tensor weight, const Plan& plan, const ExpertPass& experts, Saved& saved,
               Tensor out, Arena& kept, Arena& scratch, Stream& stream) const override {
    saved.rows = kept.take({plan.num_shard_rows, x.cols()});
    saved.results = kept.take(saved.rows.shape);
    saved.weights = weights_of_received(weight, plan, experts_, kept, stream);
    exchange_.dispatch(x, Tensor{}, plan, saved.rows, scratch, stream);
    experts({plan.segments}, saved.rows, saved.results);
    exchange_.combine_sums(saved.results, saved.weights, plan, out, scratch, stream);
  }

  void backward(Tensor d_out, Tensor, const Plan& plan, const ExpertPass& experts,
                const Saved& saved, Tensor d_weight, Tensor d_x, Arena& scratch,
                Stream& stream) const override {
    const Tensor d_results = scratch.take(saved.rows.shape), d_rows = saved.results,
                 d_weights = scratch.take(saved.weights.shape);
    exchange_.dispatch(d_out, Tensor{}, plan, d_results, scratch, stream);
    {
      const Span span(stream, "permute");
      RouterOps::on(stream.device())
          .weigh_rows_backward(saved.results, plan.row_of_received, saved.weights, d_results,
                               d_weights, stream);
    }
    bring_choices_home(d_weights, plan, experts_, d_weight, scratch, stream);
    experts({plan.segments}, d_results, d_rows);
    exchange_.combine_sums(d_rows, Tensor{}, plan, d_x, scratch, stream);
  }

 private:
  Exchange& exchange_;
  Comm& experts_;
};

}  // namespace

std::unique_ptr<Mixture> mixture_per_node(Exchange& exchange, Comm& experts) {
  return std::make_unique<NodeMixture>(exchange, experts);
}

}  // namespace switchyard
