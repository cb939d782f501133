// The log files of a run: one of rank 0, which also prints to stderr, and one per node.
#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>

#include "runtime/comm/mesh.h"

namespace switchyard {

// Returns the logger of this rank. Rank 0 writes to logs/rank0.log and stderr, the first rank of
// each node but rank 0's to logs/node-HOST.log, and the others nowhere. Times are UTC. The folder
// must exist.
std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& logs, const Mesh& mesh);

// The file of such a log alone: what stderr shows in another way.
std::shared_ptr<spdlog::logger> file_of(const spdlog::logger& log);

}  // namespace switchyard
