// The names and numbers of checkpoint format version 2 and model format version 1
// (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

inline constexpr const char* checkpoint_kind = "checkpoint";
inline constexpr int checkpoint_version = 2;
inline constexpr const char* model_kind = "model";
inline constexpr int model_version = 1;
inline constexpr const char* local_checkpoint_kind = "local_checkpoint";
inline constexpr int local_checkpoint_version = checkpoint_version;  // they change together
inline constexpr std::int64_t checkpoint_chunk_bytes = std::int64_t{1} << 20;

// Orders checkpoints by age: later steps are newer, and of one step the later attempt.
struct CheckpointId {
  std::int64_t step = 0;
  int attempt = 0;
  auto operator<=>(const CheckpointId&) const = default;
};

std::string checkpoint_folder_name(CheckpointId id);  // "step-00000300-a0002"
std::optional<CheckpointId> parse_checkpoint_folder_name(
    std::string_view name);  // nothing: it is not the name of a checkpoint
// "rank-00003.h5"; of a model's further files "rank-00003-0001.h5"
std::string rank_file_name(int rank, int part = 0);
bool is_rank_file_name(std::string_view name);
// "parity-00002-00001.bin": the parity that the second member of the third redundancy set keeps.
std::string parity_file_name(std::int64_t set, std::int64_t member);

}  // namespace switchyard
