#include "runtime/watch/neighbours.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "runtime/watch/process_state.h"

namespace switchyard {

Neighbours::Neighbours(Comm& world, const FlightRecord& record) : rank_(world.rank()) {
  const std::unique_ptr<Comm> node = world.split_node();
  const std::string mine =
      fmt::format("{} {} {} {}", rank_, getpid(), record.file, inode_of(record));
  for (const std::string& text : all_gather_text(*node, mine)) {
    std::istringstream in(text);
    Neighbour neighbour;
    int file = -1;
    std::uint64_t inode = 0;
    in >> neighbour.rank >> neighbour.process >> file >> inode;
    neighbour.record = map_record(neighbour.process, file, inode);
    neighbours_.push_back(std::move(neighbour));
  }
}

std::string Neighbours::account_of(int suspect) const {
  const auto found = std::find_if(neighbours_.begin(), neighbours_.end(),
                                  [&](const Neighbour& each) { return each.rank == suspect; });
  if (found == neighbours_.end() || found->record == nullptr) return "";
  const bool suspect_is_first = neighbours_.front().rank == suspect;
  const std::size_t reporter = suspect_is_first && neighbours_.size() > 1 ? 1 : 0;
  if (neighbours_[reporter].rank != rank_) return "";
  const FlightRecord& record = *found->record;
  return fmt::format(
      "  rank {}, as rank {} of its node sees it: step {}, {}, collective {}\n"
      "    its process {}: {}\n",
      suspect, rank_, record.step.load(), place_text(record.phase, record.collective),
      record.collectives.load(), found->process, process_state(found->process));
}

}  // namespace switchyard
