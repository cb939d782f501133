// OuterStep: what islands do together between steps. Each island trains by itself; every
// `sync_every` steps all of them combine a fragment of their weights, take the outer optimizer's
// step from what they started from, the anchor, and go on from there: local SGD (rate 1, no
// momentum), DiLoCo (arXiv:2311.08105), and with fragments and overlap_steps streaming DiLoCo
// (arXiv:2501.18512). One island with rate 1 and without momentum trains as without all of this,
// bit for bit. Results depend on the number of islands, never on the ranks of each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "train/config.h"
#include "train/islands/exchange.h"
#include "train/islands/fragments.h"
#include "train/islands/island_report.h"
#include "train/state/owned_state.h"
#include "train/step_report.h"

namespace switchyard {

class OuterStep {
 public:
  // The caller keeps model, mesh and stream. The weights of now are the anchor.
  // num_steps: of the run; after the last one the islands agree on everything.
  OuterStep(Transformer& model, Mesh& mesh, const IslandsConfig& config, std::int64_t num_steps,
            Stream& stream);
  ~OuterStep();
  OuterStep(const OuterStep&) = delete;
  OuterStep& operator=(const OuterStep&) = delete;

  // The weights of now are the anchor, and nothing has moved yet.
  void begin();
  // Not collective. Reads anchor and velocities. Errors: Exit::data.
  void load(const CheckpointReader& checkpoint, const JsonFields& meta);
  // Not collective. A step of this island, for the next report.
  void note(const StepReport& report);
  // Collective over the job; called after every step that is_due(). Mixes in what was sent
  // overlap_steps before, and sends what is due. What the islands agreed on, by fragment.
  std::vector<IslandReport> after(std::int64_t steps_done);
  bool is_due(std::int64_t steps_done) const;

  // Collective over the job. Waits for what is on its way: afterwards the anchor is what it will be
  // when it is mixed in.
  void settle();
  // Collective over the island; settled. Adds the anchor and the velocities, of which each island
  // writes a share.
  void add_state(OwnedState& state);
  // Of all islands, and of this one.
  nlohmann::json meta() const;
  nlohmann::json meta_of_island() const;
  void load_of_island(const JsonFields& meta);

  // While it lives, the model has the anchor's weights. Collective over the island; settled.
  class Anchored {
   public:
    explicit Anchored(OuterStep& outer);
    ~Anchored();
    Anchored(const Anchored&) = delete;
    Anchored& operator=(const Anchored&) = delete;

   private:
    OuterStep& outer_;
    std::vector<Buffer> own_;  // values by region and biases of gates; empty: they are the anchor's
  };

 private:
  struct Part {
    Fragment fragment;
    std::vector<float> anchor;
    std::vector<float> velocity;  // of this rank's part
  };
  struct Sent {
    std::size_t fragment = 0;
    std::int64_t mixed_after = 0;
    std::unique_ptr<FragmentExchange> exchange;  // null: it is settled
    IslandReport agreed{};                       // without losses, once it is settled
  };

  Sent sent_from(const JsonFields& meta) const;
  Comm& peers() { return *(mesh_.peers ? mesh_.peers : alone_); }
  std::vector<float> read(const Fragment& fragment) const;
  void write(const Fragment& fragment, const std::vector<float>& values, double mix);
  void send(int fragment, std::int64_t mixed_after);
  IslandReport mix_in(std::int64_t steps_done);
  void note_figures(FragmentFigures figures);
  void note_losses(IslandReport& report);
  Buffer gather_velocity(Part& part);  // collective over peers

  Transformer& model_;
  Mesh& mesh_;
  IslandsConfig config_;
  std::int64_t num_steps_;
  Stream& stream_;
  std::unique_ptr<Comm> alone_;  // the peers of one island
  std::vector<std::pair<std::string, Tensor>> gates_;
  std::vector<Part> parts_;
  std::optional<Sent> sent_;
  double loss_sum_ = 0.0;
  std::int64_t steps_ = 0, skipped_ = 0;  // since the last report
  bool moved_ = false;                    // this island trained since it took the anchor
};

}  // namespace switchyard
