#include "launch/assemble/introduction.h"

#include "launch/host/counted.h"
#include "launch/host/gpu_place.h"
#include "launch/host/machine.h"
#include "launch/host/numa.h"

namespace switchyard {

void introduce_machine(const TrainConfig& train, const Trainer& trainer,
                       const std::string& transport, Stream& stream, spdlog::logger& log) {
  const Cores cores = allowed_cores();
  const std::string place = place_text(cores.count, numa_nodes_of(cores.mask));
  if (const Device device = stream.device(); device.kind == Device::Kind::cuda) {
    log.info("rank 0 computes on {} from {}; tensors travel by {}",
             gpu_text(device.index, gpu_place(device)), place, transport);
  } else {
    log.info("rank 0 runs {} on {}", counted(stream.num_threads(), "thread"), place);
  }
  if (train.exact && !trainer.arithmetic().library_repeats) {
    log.warn(
        "oneDNN does not repeat its bits on this processor: matrix products use Switchyard's own "
        "kernel, which is slower; train.exact = false would use oneDNN");
  }
  const std::string note = emulation_note(product_precision(train), stream);
  if (!note.empty()) log.warn("{}", note);
}

}  // namespace switchyard
