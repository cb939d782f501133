// Wrong protocols, played by the system calls below a right one.
#include <sys/stat.h>

#include <string_view>

#include "tests/crash_lab/state.h"

namespace switchyard::crash_lab {
namespace {

bool is_part(const std::string& path) {
  return contains(path, "/rank-") && std::string_view(path).ends_with(".h5");
}
bool is_step(const std::string& path) {
  return contains(path.substr(path.rfind('/') + 1), "step-");
}
bool has_manifest(const std::string& folder) {
  struct stat status {};
  return stat((folder + "/manifest.json").c_str(), &status) == 0;
}

}  // namespace

bool is_skipped(const OpenFile& file) {
  State& state = State::get();
  switch (state.mutant) {
    case Mutant::no_fsync_of_file:
      return is_part(file.path);
    case Mutant::no_fsync_of_manifest:
      return std::string_view(file.path).ends_with("/manifest.json.tmp");
    case Mutant::no_fsync_of_folder_before_commit:
      return file.folder && is_step(file.path) && !has_manifest(file.path);
    case Mutant::no_fsync_of_folder_after_commit:
      return file.folder && is_step(file.path) && has_manifest(file.path);
    case Mutant::no_fsync_of_parent:
      return file.folder && std::string_view(file.path).ends_with("/checkpoints");
    case Mutant::no_fsync_of_run:
      return file.folder && !contains(file.path, "/checkpoints");
    case Mutant::no_fsync_of_pointer:
      return std::string_view(file.path).ends_with("/current.json.tmp");
    case Mutant::no_fsync_of_registry:
      return file.folder && std::string_view(file.path).ends_with("/registry/name");
    case Mutant::commit_before_vote: {
      const std::lock_guard lock(state.mutex);
      if (!is_part(file.path) || state.rank() == 0) return false;
      state.late_fsyncs.push_back(file.path);
      return true;
    }
    default:
      return false;
  }
}

// At the next save.
void catch_up(const std::string& opened) {
  if (!is_part(opened)) return;
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  for (const std::string& path : state.late_fsyncs) {
    state.record({0, Operation::fsync, path, "", 0, ""}, state.number());
  }
  state.late_fsyncs.clear();
}

std::string in_place(const std::string& path) {
  const Mutant mutant = State::get().mutant;
  const std::string_view name(path);
  const bool applies =
      (mutant == Mutant::no_rename && name.ends_with("/manifest.json.tmp")) ||
      (mutant == Mutant::no_rename_of_pointer && name.ends_with("/current.json.tmp"));
  return applies ? path.substr(0, path.size() - 4) : path;
}

bool lies(bool failed, bool cut) {
  const Mutant mutant = State::get().mutant;
  return (mutant == Mutant::lost_write && failed) ||
         (mutant == Mutant::short_write && !failed && cut);
}

}  // namespace switchyard::crash_lab
