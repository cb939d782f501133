// Makes lost files of a node-local checkpoint again from what the other members of their sets hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/local/local_inventory.h"
#include "io/local/xor_exchange.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// A data file that no rank has a good copy of, and the rank that will write it.
struct LostFile {
  std::string name;
  int writer = 0;
  std::size_t set = 0;
  int member = 0;
};

std::vector<LostFile> find_lost_files(const LocalInventory& inventory, int num_ranks);

// Why the checkpoint cannot be made whole again, in words; empty: it can.
std::string why_beyond_repair(const LocalInventory& inventory, const std::vector<LostFile>& lost);

// Collective; only if why_beyond_repair() returned nothing. Each writer makes its files in the
// folder `to`, fsyncs them and reads every byte of them. from: the checkpoint's folder on this
// node. Errors: agreed.
void rebuild_files(const LocalInventory& inventory, const std::vector<LostFile>& lost,
                   const std::filesystem::path& from, const std::filesystem::path& to, Comm& world);

}  // namespace switchyard
