// Models that transformers made give the logits and the gradients that PyTorch computed in double
// precision (tests/long/hugging_face_models.py).
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_import.h"
#include "launch/hugging_face/hub_weights.h"
#include "launch/run/checkpoint_meta.h"
#include "model/transformer/transformer.h"
#include "tests/io/scratch.h"
#include "tests/launch/hugging_face/families.h"
#include "train/state/load_state.h"

namespace switchyard::hub {
namespace golden_test {

using namespace hub_test;
namespace fs = std::filesystem;

constexpr std::int64_t num_texts = 2, length = 16, shown = 8;  // shown: logits of a text

// What PyTorch computed for a model.
class Expected {
 public:
  explicit Expected(const fs::path& folder) : weights_(folder) {}

  std::vector<float> values(const std::string& name) {
    const StoredTensor& stored = weights_.tensors().at(name);
    return part(name, 0, elements_of(stored.tensor.shape));
  }
  std::vector<float> part(const std::string& name, std::int64_t begin, std::int64_t elements) {
    std::vector<float> out(static_cast<std::size_t>(elements));
    weights_.read(weights_.tensors().at(name), begin, out);
    return out;
  }
  std::vector<std::int32_t> tokens() {
    const StoredTensor& stored = weights_.tensors().at("tokens");
    std::vector<std::int32_t> out(num_texts * length);
    const auto file = durable::File::open_for_reading(weights_.file(stored));
    file.read_at(stored.tensor.begin, std::as_writable_bytes(std::span(out)));
    return out;
  }

 private:
  HubWeights weights_;
};

float largest_of(const std::vector<float>& values) {
  float largest = 0.0F;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected,
                 float tolerance, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  float worst = 0.0F;
  for (std::size_t i = 0; i < found.size(); ++i)
    worst = std::max(worst, std::abs(found[i] - expected[i]));
  EXPECT_LE(worst, tolerance) << what;
}

std::vector<float> copied(const switchyard::Tensor& tensor) {
  const auto* values = tensor.as<float>();
  return {values, values + tensor.size()};
}

// The imported model, run once forward and backward.
class GoldenRun {
 public:
  GoldenRun(const fs::path& golden, const fs::path& folder) : expected_(golden / "expected") {
    import_model({.from = golden, .folder = folder, .tokenizer = "bytes"}, *world_);
    const CheckpointReader reader(folder);
    config_ = config_of(reader);
    config_.router.balance_loss = config_.router.z_loss = 0.0F;
    vocabulary_ = reader.shape("value/embedding")[0];
    mesh_.emplace(make_mesh(make_single_comm(), 1));
    model_.emplace(config_.model, config_.router,
                   Transformer::Options{.vocabulary = vocabulary_,
                                        .sequence_length = length,
                                        .step_tokens = num_texts * length},
                   *mesh_);
    load_values(reader, *model_);
    step();
  }

  void check_logits() {
    const Buffer buffer({num_texts * length, vocabulary_}, DType::f32);
    const switchyard::Tensor logits = buffer;
    model_->logits(0, logits, stream_);
    std::vector<float> found;
    for (std::int64_t text = 0; text < num_texts; ++text) {
      const float* end = logits.as<float>() + (text + 1) * length * vocabulary_;
      found.insert(found.end(), end - shown * vocabulary_, end);
    }
    expect_near(found, expected_.values("logits"), 1e-4F, "logits");
  }

  void check_gradients(Family family) {
    std::map<std::string, ParamId> ids;
    for (ParamId id = 0; id < std::ssize(model_->params().all()); ++id)
      ids["value/" + model_->params().all()[static_cast<std::size_t>(id)].spec.name] = id;
    const Layout layout = layout_of(family, config_, vocabulary_, ExpertNames::fused);
    std::size_t checked = 0;
    for (const Piece& piece : layout.pieces()) {
      if (!piece.ours.starts_with("value/")) continue;
      const ParamId id = ids.at(piece.ours);
      const Buffer gradient(model_->params().all()[static_cast<std::size_t>(id)].spec.shape,
                            DType::f32);
      model_->params().read_gradient(id, gradient, stream_);
      const std::string& theirs = layout.tensors()[piece.theirs].name;
      expect_near(copied(gradient), expected_.part(theirs, piece.begin, piece.elements),
                  1e-4F * largest_of(expected_.values(theirs)), piece.ours);
      ++checked;
    }
    EXPECT_EQ(checked, ids.size());
  }

 private:
  void step() {
    std::vector<std::int32_t> tokens = expected_.tokens(), targets, positions;
    for (std::int64_t i = 0; i < num_texts * length; ++i) {
      positions.push_back(static_cast<std::int32_t>(i % length));
      const bool last = i % length == length - 1;
      targets.push_back(last ? -1 : tokens[static_cast<std::size_t>(i + 1)]);
    }
    const auto whole = [](const std::vector<std::int32_t>& all) {
      return tensor_of(all.data(), {std::ssize(all)});
    };
    model_->params().zero_gradients(stream_);
    StepSums sums = model_->empty_sums();
    model_->forward({0, num_texts, length, whole(tokens), whole(targets), whole(positions)},
                    stream_);
    check_logits();
    model_->backward(num_texts * (length - 1), sums, stream_);
  }

  std::unique_ptr<Comm> world_ = make_single_comm();
  Expected expected_;
  Config config_;
  std::int64_t vocabulary_ = 0;
  Stream stream_ = Stream::cpu(1);
  std::optional<Mesh> mesh_;
  std::optional<Transformer> model_;
};

TEST(HubGolden, LogitsAndGradientsAreThoseOfPyTorch) {
  const Scratch scratch;
  const fs::path goldens =
      fs::path(SWITCHYARD_SOURCE_DIR) / "tests" / "launch" / "hugging_face" / "goldens";
  for (const Family family : families()) {
    const std::string name(name_of(family));
    SCOPED_TRACE(name);
    GoldenRun run(goldens / name, scratch / name);
    run.check_gradients(family);
  }
}

}  // namespace golden_test
}  // namespace switchyard::hub
