#include "launch/run/local_storage.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "runtime/comm/agree.h"

namespace switchyard {

LocalStorage local_storage_of(const CheckpointConfig& config,
                              const std::filesystem::path& run_directory, Comm& world) {
  constexpr std::int64_t longest_record = std::int64_t{1} << 20;
  std::string run;
  on_root(world, [&] {
    const std::filesystem::path record = run_directory / "attempts" / "0001.json";
    const bool started = std::filesystem::exists(record);  // otherwise there are no files to find
    const std::string first = started ? durable::read_file(record, longest_record) : "";
    const std::string name = std::filesystem::absolute(run_directory / "").parent_path().filename();
    run = fmt::format("{}-{}", name, content_hash(first).hex().substr(0, 8));
  });
  return {config.local_dir, broadcast_text(world, run, 0), config.local_set,
          config.local_ranks_per_node};
}

std::string redundancy_summary(const LocalDisks& disks) {
  const int num_nodes = disks.topology.num_nodes();
  if (num_nodes == 1) {
    return fmt::format(
        "in {}, on one node: they survive a crash of the program, but not of the node",
        disks.folder.string());
  }
  return fmt::format("in {}, in sets of {} of {} nodes: one node of each set may be lost",
                     disks.folder.string(), std::min(num_nodes, disks.set_nodes), num_nodes);
}

}  // namespace switchyard
