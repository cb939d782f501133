// The run's log files: one of rank 0, which also speaks on stderr, and one per node.
#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>

#include "runtime/comm/mesh.h"

namespace switchyard {

// The logger of this rank: rank 0 writes logs/rank0.log and stderr; the first rank of each other
// node writes logs/node-HOST.log; the rest write nothing. UTC times. The folder must exist.
std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& logs, const Mesh& mesh);

}  // namespace switchyard
