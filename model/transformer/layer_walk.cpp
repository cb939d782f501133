#include "model/transformer/layer_walk.h"

#include "runtime/params/rounded_values.h"

namespace switchyard {
namespace {

class Watched {
 public:
  Watched(Params& params, LinearWatch* watch) : params_(params) { params.set_watch(watch); }
  ~Watched() { params_.set_watch(nullptr); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Params& params_;
};

}  // namespace

LayerWalk::LayerWalk(Transformer& model, std::span<const Batch> batches, Stream& stream)
    : model_(model), batches_(batches), stream_(stream) {
  for (const Batch& batch : batches) {
    const Shape shape{batch.num_tokens(), model.config().hidden};
    inputs_.emplace_back(shape, DType::f32);
    outputs_.emplace_back(shape, DType::f32);
    model.embed(batch, inputs_.back(), stream);
  }
}

std::int64_t LayerWalk::num_rows() const {
  std::int64_t rows = 0;
  for (const Batch& batch : batches_) rows += batch.num_tokens();
  return rows;
}

void LayerWalk::compute(LinearWatch* linears, ForwardWatch* watch) {
  require(!done(), "the walk is at the end of the model");
  const RoundedValues rounded(model_.params(), stream_);
  const Watched watched(model_.params(), linears);
  for (std::size_t i = 0; i < batches_.size(); ++i)
    model_.forward_layer(static_cast<std::size_t>(layer_), batches_[i], inputs_[i], outputs_[i],
                         watch, stream_);
  computed_ = true;
}

void LayerWalk::advance() {
  require(computed_, "a layer of the walk was not computed");
  std::swap(inputs_, outputs_);
  computed_ = false;
  ++layer_;
}

}  // namespace switchyard
