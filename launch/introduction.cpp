#include "launch/introduction.h"

#include "launch/environment.h"
#include "launch/numa.h"

namespace switchyard {

void introduce_machine(const TrainConfig& train, const Trainer& trainer,
                       const std::string& transport, Stream& stream, spdlog::logger& log) {
  if (stream.device().kind == Device::Kind::cuda) {
    log.info("rank 0 computes on GPU {} of its node; tensors travel by {}", stream.device().index,
             transport);
  } else {
    const Cores cores = allowed_cores();
    log.info("rank 0 runs {} thread{} on {}", stream.num_threads(),
             stream.num_threads() == 1 ? "" : "s",
             place_text(cores.count, numa_nodes_of(cores.mask)));
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
