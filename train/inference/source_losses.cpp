#include "train/inference/source_losses.h"

#include <algorithm>
#include <cmath>

namespace switchyard {

SourceLosses::SourceLosses(const Loader& loader, const FixedPoint& format)
    : loader_(loader), format_(format), sums_(2 * loader.source_names().size()) {}

void SourceLosses::add(std::int64_t step, const Batch& batch,
                       std::span<const double> of_sequences) {
  for (std::int64_t i = 0; i < batch.num_sequences; ++i) {
    const std::optional<std::size_t> source = loader_.source_of(step, batch, i);
    const double loss = of_sequences[static_cast<std::size_t>(i)];
    if (!source || !(std::abs(loss) < format_.limit)) continue;  // the whole loss reports it
    const auto* targets = batch.targets.as<std::int32_t>() + i * batch.sequence_length;
    sums_[2 * *source] += format_.fixed(loss);
    sums_[2 * *source + 1] += std::count_if(targets, targets + batch.sequence_length,
                                            [](std::int32_t target) { return target >= 0; });
  }
}

std::vector<SourceLoss> SourceLosses::gather(Comm& world, Stream& stream) {
  world.all_reduce(tensor_of(sums_.data(), {std::ssize(sums_)}), Reduce::sum, stream);
  const auto all_targets = static_cast<double>(loader_.num_pass_targets());
  std::vector<SourceLoss> losses;
  for (std::size_t i = 0; i < loader_.source_names().size(); ++i) {
    const std::int64_t targets = sums_[2 * i + 1];
    if (targets == 0) continue;
    const double share = format_.value(sums_[2 * i]);
    losses.push_back(
        {loader_.source_names()[i], targets, share * all_targets / static_cast<double>(targets)});
  }
  return losses;
}

}  // namespace switchyard
