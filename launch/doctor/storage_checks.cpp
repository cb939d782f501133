#include "launch/doctor/storage_checks.h"

#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/text/byte_size.h"
#include "runtime/error.h"

namespace switchyard::doctor {
namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

constexpr std::int64_t wanted_space = std::int64_t{10} << 30;

struct FileSystem {
  std::uint64_t magic;
  const char* name;
  const char* trouble;  // empty: suitable for runs
};

// From linux/magic.h and from the sources of parallel file systems.
constexpr std::array file_systems = {
    FileSystem{0xEF53, "ext4", ""},
    FileSystem{0x58465342, "XFS", ""},
    FileSystem{0x9123683E, "Btrfs", ""},
    FileSystem{0x2FC12FC1, "ZFS", ""},
    FileSystem{0x0BD00BD0, "Lustre", ""},
    FileSystem{0x47504653, "GPFS", ""},
    FileSystem{0x19830326, "BeeGFS", ""},
    FileSystem{0x00C36400, "CephFS", ""},
    FileSystem{0x6969, "NFS", ""},
    FileSystem{0x01021994, "tmpfs", "its files are lost when the node restarts"},
    FileSystem{0x794C7630, "overlayfs", "its files are lost with the container"},
    FileSystem{0x65735546, "FUSE", "its driver decides whether files survive a crash"},
    FileSystem{0xFF534D42, "CIFS", "other nodes may see renamed files late"}};

fs::path existing_folder(fs::path path) {
  path = fs::absolute(path);
  while (!fs::is_directory(path) && path != path.parent_path()) path = path.parent_path();
  return path;
}

// A folder that is removed with this object.
class TrialFolder {
 public:
  explicit TrialFolder(const fs::path& parent)
      : path_(parent / fmt::format(".switchyard-doctor-{}", getpid())) {
    durable::make_folders(path_);
  }
  ~TrialFolder() { durable::try_remove_tree(path_); }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool second_holder_is_refused(const fs::path& folder) {
  const FolderLock first(folder);
  try {
    const FolderLock second(folder, std::chrono::milliseconds(0));
    return false;
  } catch (const Error&) {
    return true;
  }
}

Finding try_commit(const fs::path& folder) {
  const auto begin = std::chrono::steady_clock::now();
  durable::replace_file(folder / "file", "first");
  durable::replace_file(folder / "file", "second");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {Verdict::ok, "sync and rename",
          fmt::format("{:.1f} ms for each", 1000 * took.count() / 2), ""};
}

}  // namespace

std::vector<Finding> check_storage(const fs::path& run) {
  const fs::path folder = existing_folder(run);
  struct statfs system {};
  require(statfs(folder.c_str(), &system) == 0, Exit::usage,
          "cannot get the status of the file system at {}", folder.string());
  const auto bytes = static_cast<std::int64_t>(system.f_bavail) * system.f_bsize;
  std::vector<Finding> findings = {
      judge_file_system(static_cast<std::uint32_t>(system.f_type), folder.string()),
      judge_space(bytes)};
  try {
    const TrialFolder trial(folder);
    findings.push_back(judge_lock(second_holder_is_refused(trial.path())));
    findings.push_back(try_commit(trial.path()));
  } catch (const Error& error) {
    findings.push_back({Verdict::fail, "run directory", error.what(),
                        "choose another place for runs (run.directory)"});
  }
  return findings;
}

Finding judge_file_system(std::uint64_t magic, const std::string& folder) {
  for (const FileSystem& known : file_systems) {
    if (known.magic != magic) continue;
    const std::string trouble = known.trouble;
    return {trouble.empty() ? Verdict::ok : Verdict::warn, "file system",
            fmt::format("{} at {}", known.name, folder),
            trouble.empty() ? "" : trouble + ": keep runs elsewhere"};
  }
  return {Verdict::warn, "file system", fmt::format("unknown type ({:#x}) at {}", magic, folder),
          "make sure that it supports fsync, and that all nodes see a rename over a file"};
}

Finding judge_space(std::int64_t free_bytes) {
  Finding finding{Verdict::ok, "space", bytes_in_words(free_bytes) + " free", ""};
  if (free_bytes < wanted_space) {
    finding.verdict = Verdict::warn;
    finding.advice = "each of the checkpoint.keep checkpoints takes 12 bytes per parameter";
  }
  return finding;
}

Finding judge_lock(bool second_holder_refused) {
  if (second_holder_refused)
    return {Verdict::ok, "file locking", "a second process has to wait", ""};
  return {Verdict::warn, "file locking", "two processes can hold the same lock",
          "never run `prepare` twice at a time for one folder, or mount with locking (Lustre: -o "
          "flock)"};
}

}  // namespace switchyard::doctor
