#include "launch/assemble/introduction.h"

#include "launch/host/counted.h"
#include "launch/machine/control_group.h"
#include "launch/machine/gpu_place.h"
#include "launch/machine/machine.h"
#include "launch/machine/numa.h"

namespace switchyard {
namespace {

void introduce_quota(const GroupLimits& limits, int threads, int cores, spdlog::logger& log) {
  if (!limits.cpus || *limits.cpus >= cores) return;
  const std::string quota = fmt::format(
      "the control group {} has a CPU quota of {:.3g}, which its "
      "processes share",
      limits.cpus_from, *limits.cpus);
  if (threads <= *limits.cpus) {
    log.info("{}", quota);
  } else {
    log.warn("{}: {} will often wait; set run.threads lower, or ask for a larger quota", quota,
             counted(threads, "thread"));
  }
}

}  // namespace

void introduce_machine(const TrainConfig& train, const Trainer& trainer,
                       const std::string& transport, Stream& stream, spdlog::logger& log) {
  const Cores cores = allowed_cores();
  const std::string place = place_text(cores.count, numa_nodes_of(cores.mask));
  if (const Device device = stream.device(); device.kind == Device::Kind::cuda) {
    log.info("rank 0 computes on {} from {}; tensors travel by {}",
             gpu_text(device.index, gpu_place(device)), place, transport);
  } else {
    log.info("rank 0 runs {} on {}", counted(stream.num_threads(), "thread"), place);
    introduce_quota(group_limits(), stream.num_threads(), cores.count, log);
  }
  if (train.exact && !trainer.arithmetic().library_repeats) {
    log.warn(
        "oneDNN does not repeat its bits on this processor: matrix products use Switchyard's own "
        "kernel, which is slower; train.exact = false would use oneDNN");
  }
  const std::string note = emulation_note(product_precision(train), stream);
  if (!note.empty()) log.warn("{}", note);
}

std::string islands_in_words(const IslandsConfig& islands) {
  std::string words = fmt::format(
      "{}: they exchange {} every {} in {} and take the {}, with an outer rate of {} "
      "and a momentum of {}",
      counted(islands.count, "island"),
      islands.fragments > 1 ? counted(islands.fragments, "fragment") + " in turns, each"
                            : "their weights",
      counted(islands.sync_every, "step"), name_of(islands.payload), name_of(islands.aggregate),
      islands.outer_rate, islands.outer_momentum);
  if (islands.overlap_steps > 0)
    words += fmt::format("; {} pass meanwhile", counted(islands.overlap_steps, "step"));
  return words;
}

}  // namespace switchyard
