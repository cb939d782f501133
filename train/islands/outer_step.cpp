#include "train/islands/outer_step.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"
#include "train/replicas.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t velocity_size(const Fragment& fragment, const Comm& peers) {
  return static_cast<std::size_t>(fragment.part(peers.rank(), peers.size()).size());
}

}  // namespace

OuterStep::OuterStep(Transformer& model, Mesh& mesh, const IslandsConfig& config,
                     std::int64_t num_steps, Stream& stream)
    : model_(model),
      mesh_(mesh),
      config_(config),
      num_steps_(num_steps),
      stream_(stream),
      alone_(mesh.peers ? nullptr : make_single_comm()),
      gates_(model.gate_state()) {
  require(config.count == mesh.num_islands(), "islands.count = {} in a mesh of {} islands",
          config.count, mesh.num_islands());
  for (Fragment& fragment : fragments_of(model.params(), gates_, config.fragments)) {
    const auto size = static_cast<std::size_t>(fragment.size);
    const std::size_t velocity = velocity_size(fragment, peers());
    parts_.push_back({std::move(fragment), std::vector<float>(size), std::vector<float>(velocity)});
  }
}

OuterStep::~OuterStep() = default;

void OuterStep::begin() {
  for (Part& part : parts_) {
    part.anchor = read(part.fragment);
    std::fill(part.velocity.begin(), part.velocity.end(), 0.0F);
  }
  sent_.reset();
  moved_ = false;
}

std::vector<float> OuterStep::read(const Fragment& fragment) const {
  std::vector<float> values(static_cast<std::size_t>(fragment.size));
  for (const FragmentPiece& piece : fragment.pieces) {
    const HostRead host(piece.values, stream_);
    std::copy_n(host.as<float>(), piece.values.size(), values.begin() + piece.begin);
  }
  return values;
}

void OuterStep::write(const Fragment& fragment, const std::vector<float>& values, double mix) {
  for (const FragmentPiece& piece : fragment.pieces) {
    HostWrite host(piece.values, stream_);
    const float* const from = values.data() + piece.begin;
    if (mix == 0.0) {
      std::copy_n(from, piece.values.size(), host.as<float>());
    } else {
      const HostRead own(piece.values, stream_);
      for (std::int64_t i = 0; i < piece.values.size(); ++i)
        host.as<float>()[i] =
            static_cast<float>(mix * own.as<float>()[i] + (1.0 - mix) * double{from[i]});
    }
    host.send();
  }
}

void OuterStep::note(const StepReport& report) {
  moved_ = true;
  if (!changed_weights(report.outcome)) {
    ++skipped_;
    return;
  }
  loss_sum_ += report.loss;
  ++steps_;
}

bool OuterStep::is_due(std::int64_t steps_done) const {
  return steps_done == num_steps_ || (sent_ && sent_->mixed_after == steps_done) ||
         sent_after(config_, steps_done).has_value();
}

std::vector<IslandReport> OuterStep::after(std::int64_t steps_done) {
  const Span span(stream_, "islands");
  const bool last = steps_done == num_steps_;
  std::vector<IslandReport> agreed;
  if (sent_ && (last || sent_->mixed_after == steps_done)) agreed.push_back(mix_in(steps_done));
  const std::optional<int> due = sent_after(config_, steps_done);
  for (int fragment = 0; fragment < config_.fragments; ++fragment) {
    if (!last && due != fragment) continue;
    send(fragment, last ? steps_done : steps_done + config_.overlap_steps);
    if (sent_->mixed_after == steps_done) agreed.push_back(mix_in(steps_done));
  }
  return agreed;
}

void OuterStep::send(int fragment, std::int64_t mixed_after) {
  const auto index = static_cast<std::size_t>(fragment);
  Part& part = parts_[index];
  sent_ = Sent{index, mixed_after, nullptr};
  sent_->exchange = std::make_unique<FragmentExchange>(config_, part.fragment, read(part.fragment),
                                                       part.anchor, part.velocity, peers());
}

void OuterStep::settle() {
  if (!sent_ || sent_->exchange == nullptr) return;
  const Clock::time_point begin = Clock::now();
  FragmentFigures figures = sent_->exchange->finish();
  sent_->exchange.reset();
  sent_->agreed.waited = std::chrono::duration<double>(Clock::now() - begin).count();
  note_figures(std::move(figures));
}

IslandReport OuterStep::mix_in(std::int64_t steps_done) {
  settle();
  const Part& part = parts_[sent_->fragment];
  write(part.fragment, part.anchor, steps_done == num_steps_ ? 0.0 : config_.mix);
  gather_values(model_.params(), mesh_, stream_);
  IslandReport report = std::move(sent_->agreed);
  report.steps_done = steps_done;
  report.fragment = static_cast<int>(sent_->fragment);
  report.num_fragments = config_.fragments;
  note_losses(report);
  sent_.reset();
  moved_ = config_.mix > 0.0 || config_.overlap_steps > 0 || config_.fragments > 1;
  return report;
}

// Collective over the job. Sums what the ranks found out of their parts.
void OuterStep::note_figures(FragmentFigures figures) {
  const std::size_t count = figures.distances.size();
  std::vector<std::int64_t> words;
  figures.distances.push_back(figures.moved);
  for (WideSum& sum : figures.distances)
    words.insert(words.end(), sum.words().begin(), sum.words().end());
  words.insert(words.end(), figures.not_finite.begin(), figures.not_finite.end());
  words.push_back(figures.bytes);
  mesh_.job().all_reduce(tensor_of(words.data(), {std::ssize(words)}), Reduce::sum, stream_);

  const auto norm = [&](std::size_t index) {
    WideSum sum;
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(index * WideSum::num_words),
                WideSum::num_words, sum.words().begin());
    return std::sqrt(sum.value());
  };
  IslandReport& agreed = sent_->agreed;
  agreed.moved = norm(count);
  agreed.bytes = words.back() / static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i)
    agreed.islands.push_back({.loss = 0.0,
                              .distance = norm(i),
                              .not_finite = words[(count + 1) * WideSum::num_words + i],
                              .skipped = 0});
}

// Collective over the job. What the islands' own steps were since the report before.
void OuterStep::note_losses(IslandReport& report) {
  const std::size_t count = report.islands.size();
  const auto mine = static_cast<std::size_t>(mesh_.island());
  std::vector<double> sums(3 * count);  // one rank has each
  if (mesh_.world->rank() == 0) {
    sums[mine] = loss_sum_;
    sums[count + mine] = static_cast<double>(steps_);
    sums[2 * count + mine] = static_cast<double>(skipped_);
  }
  mesh_.job().all_reduce(tensor_of(sums.data(), {std::ssize(sums)}), Reduce::sum, stream_);
  for (std::size_t i = 0; i < count; ++i) {
    report.islands[i].loss = sums[i] / sums[count + i];
    report.islands[i].skipped = static_cast<std::int64_t>(sums[2 * count + i]);
  }
  loss_sum_ = 0.0;
  steps_ = skipped_ = 0;
}

OuterStep::Anchored::Anchored(OuterStep& outer) : outer_(outer) {
  if (!outer.moved_) return;
  const auto keep = [&](Tensor values) {
    own_.emplace_back(values.shape, values.dtype, values.device);
    RuntimeOps::on(values.device).copy(values, own_.back(), outer_.stream_);
  };
  for (const ParamRegion& region : outer.model_.params().regions())
    if (region.trained() && region.size() > 0) keep(region.values());
  for (const auto& [name, gate] : outer.gates_) keep(gate);
  for (const Part& part : outer.parts_) outer.write(part.fragment, part.anchor, 0.0);
  gather_values(outer.model_.params(), outer.mesh_, outer.stream_);
}

OuterStep::Anchored::~Anchored() {
  if (own_.empty()) return;
  std::size_t next = 0;
  const auto restore = [&](Tensor values) {
    RuntimeOps::on(values.device).copy(own_[next++], values, outer_.stream_);
  };
  for (const ParamRegion& region : outer_.model_.params().regions())
    if (region.trained() && region.size() > 0) restore(region.values());
  for (const auto& [name, gate] : outer_.gates_) restore(gate);
}

}  // namespace switchyard
