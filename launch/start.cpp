#include "launch/start.h"

#include "io/checkpoint.h"
#include "io/durable.h"
#include "launch/attempts.h"
#include "launch/checkpoint_meta.h"
#include "runtime/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds patience{15};

void refuse_used(const RunDirectory& directory) {
  if (!directory.used()) return;
  wait_for_owner(directory.path(), std::chrono::seconds{0});
  fail(Exit::usage,
       "{} holds a run already: add --resume to go on with it, or choose another place with --set "
       "run.directory=...",
       directory.path().string());
}

Start find_start(const RunDirectory& directory, const Config& config, const TokenStore& store) {
  wait_for_owner(directory.path(), patience);
  Found found = newest_good_checkpoint(directory.path());
  Start start;
  start.notes = std::move(found.skipped);
  if (!found.folder) return start;
  check_resumable(CheckpointReader(*found.folder), config, store);
  start.checkpoint = *found.folder;
  return start;
}

}  // namespace

Start start_attempt(const RunDirectory& directory, const Config& config, const TokenStore& store,
                    bool resume, Comm& world) {
  Start start;
  on_root(world, [&] {
    if (!resume) refuse_used(directory);
    if (resume && directory.used()) start = find_start(directory, config, store);
    durable::make_folders(directory.logs());
    start.attempt = take_attempt(directory.path(), start.checkpoint.filename().string()).number;
    durable::replace_file(directory.config_file(), print_config(config, Docs::yes));
  });
  start.attempt = static_cast<int>(reduce_one(world, std::int64_t{start.attempt}, Reduce::max));
  start.checkpoint = broadcast_text(world, start.checkpoint.string(), 0);
  return start;
}

}  // namespace switchyard
