// saver MODE ...: saves checkpoints on all ranks of mpirun, as a run does, under the crash lab.
//   record RUN RECORDING SAVES [MUTANT]   saves with retention, every file operation recorded
//   errors RUN SEED CASES [MUTANT]        failing calls, one a save, at operations of every rank
//   full RUN SIZES                        RUN is on a small file system that is filled up
// The exit code is 1 if something happened that must not.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

#include "io/checkpoint/retention.h"
#include "io/checkpoint/shared_target.h"
#include "runtime/comm/mpi_comm.h"
#include "tests/crash_lab/lab.h"
#include "tests/crash_lab/model.h"

namespace switchyard::crash_lab {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  Exit code = Exit::done;
  std::string message;
};

class Saves {
 public:
  Saves(fs::path run, Comm& world)
      : run_(std::move(run)),
        world_(world),
        target_(run_, 1, world),
        save_(BackgroundSave::Mode::asynchronous, world, stream_),
        retention_(run_, {.keep = 2}) {
    if (root()) fs::create_directories(run_);
    world_.barrier();
  }

  bool root() const { return world_.rank() == 0; }

  // Collective. The same on all ranks, or this program ends.
  Outcome save(std::int64_t step) {
    const Model model(step);
    try {
      save_.start(target_, {step,
                            model.share(world_.rank(), world_.size()),
                            {},
                            {{"step.txt", std::to_string(step)}}});
      std::optional<fs::path> folder;
      while (save_.in_progress()) {
        const std::int64_t working = save_.working();
        if (reduce_one(world_, working, Reduce::max) == 0) folder = save_.advance();
      }
      if (root()) retain(*folder);
    } catch (const Error& error) {
      if (!error.agreed()) throw;
      return {error.code(), error.what()};
    }
    return {};
  }

  // On rank 0: is the checkpoint of the step there, and is it right?
  bool exists(std::int64_t step) const {
    for (const CheckpointStatus& one : find_checkpoints(run_)) {
      if (one.step == step && one.committed) return true;
    }
    return false;
  }
  bool is_newest_good(std::int64_t step) const {
    const Found found = newest_good_checkpoint(run_);
    if (!found.folder) return false;
    const CheckpointReader reader(*found.folder);
    return reader.step() == step && reader.read_file("step.txt") == std::to_string(step) &&
           reader.hash() == Model(step).hash(run_.string() + "-expected");
  }
  const fs::path& run() const { return run_; }
  Comm& world() { return world_; }

 private:
  void retain(const fs::path& committed) {
    try {
      retention_.note_good(committed);
      retention_.apply();
    } catch (const Error&) {  // old ones that cannot be deleted stay
    }
  }

  fs::path run_;
  Comm& world_;
  Stream stream_ = Stream::cpu(1);
  SharedTarget target_;
  BackgroundSave save_;
  Retention retention_;
};

int record(Saves& saves, const std::string& recording, std::int64_t count) {
  record_to(recording, saves.world().rank());
  saves.world().barrier();
  for (std::int64_t step = 1; step <= count; ++step) {
    const Outcome outcome = saves.save(step);
    require(outcome.code == Exit::done, "{}", outcome.message);
    if (saves.root()) acknowledge(step);
    saves.world().barrier();
  }
  stop_recording();
  return 0;
}

// What the message of a save must say that failed by this action.
std::string cause_of(Action action) {
  if (action == Action::eio) return std::strerror(EIO);
  if (action == Action::enospc) return std::strerror(ENOSPC);
  return "";
}

// On rank 0. What a save with a fault may come to.
std::string judge(const Saves& saves, std::int64_t step, std::int64_t before, Action action,
                  bool hit, const Outcome& outcome) {
  const bool failed = outcome.code != Exit::done;
  if (failed && !hit) return "failed without a fault: " + outcome.message;
  if (failed && outcome.code != Exit::storage) return "not a storage error: " + outcome.message;
  if (failed && outcome.message.find(cause_of(action)) == std::string::npos)
    return "not the error of the call: " + outcome.message;
  if (failed && action == Action::short_write) return "a short write was not continued";
  if (failed && saves.exists(step)) return "a save that failed left a checkpoint";
  if (!saves.is_newest_good(failed ? before : step)) {
    return fmt::format("{} and the newest good checkpoint is not step {}",
                       failed ? outcome.message : "saved", failed ? before : step);
  }
  return "";
}

int errors(Saves& saves, std::uint64_t seed, std::int64_t cases) {
  constexpr Action actions[] = {Action::eio, Action::enospc, Action::short_write, Action::interrupt,
                                Action::flipped_bit};
  Comm& world = saves.world();
  std::mt19937_64 random(seed);  // the same on all ranks
  std::int64_t step = 0, bad = 0, hits = 0, good = 0;
  std::int64_t longest = 0;
  for (int i = 0; i < 2; ++i) {
    arm({});
    saves.save(++step);
    longest = reduce_one(world, operations(), Reduce::max);
    good = step;
  }
  for (std::int64_t i = 0; i < cases; ++i) {
    const auto rank = static_cast<int>(random() % static_cast<std::uint64_t>(world.size()));
    const Action action = actions[random() % std::size(actions)];
    const auto at = static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(longest));
    arm({world.rank() == rank ? at : 0, action});
    const Outcome outcome = saves.save(++step);
    const bool hit = reduce_one(world, std::int64_t{fired()}, Reduce::max) != 0;
    arm({});
    hits += hit;
    if (saves.root()) {
      const std::string problem = judge(saves, step, good, action, hit, outcome);
      if (!problem.empty() && ++bad <= 3) {
        fmt::print("action {} at operation {} of rank {}: {}\n", static_cast<int>(action), at, rank,
                   problem);
      }
    }
    if (outcome.code == Exit::done) good = step;
    bad = reduce_one(world, bad, Reduce::max);
    world.barrier();
  }
  if (saves.root())
    fmt::print("errors: {} saves, {} of them with a fault, {} bad\n", cases, hits, bad);
  return bad == 0 ? 0 : 1;
}

int fill(Saves& saves, std::int64_t sizes) {
  Comm& world = saves.world();
  saves.save(1);
  saves.save(2);
  std::int64_t bytes = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(newest_good_checkpoint(saves.run()).folder.value())) {
    bytes += static_cast<std::int64_t>(entry.file_size());
  }
  std::int64_t step = 2, good = 2, bad = 0, failures = 0;
  const fs::path ballast = saves.run() / "ballast";
  for (std::int64_t i = 0; i < sizes; ++i) {
    world.barrier();
    if (saves.root()) {
      const std::int64_t left = bytes * (i + 1) / (sizes + 1);
      const auto space = static_cast<std::int64_t>(fs::space(saves.run()).available);
      const int file = ::open(ballast.c_str(), O_WRONLY | O_CREAT, 0666);
      require(posix_fallocate(file, 0, space - left) == 0, "cannot fill the disk");
      ::close(file);
    }
    world.barrier();
    const Outcome outcome = saves.save(++step);
    if (saves.root()) {
      const bool failed = outcome.code != Exit::done;
      failures += failed;
      bool wrong = failed && (outcome.code != Exit::storage || saves.exists(step));
      wrong = wrong || (failed && outcome.message.find("No space left") == std::string::npos);
      fs::remove(ballast);
      wrong = wrong || !saves.is_newest_good(failed ? good : step);
      if (wrong)
        fmt::print("disk filled up to {}/{} of a save: {}\n", i + 1, sizes + 1, outcome.message);
      bad += wrong;
    }
    world.barrier();
    if (outcome.code == Exit::done) good = step;
    const Outcome again = saves.save(++step);
    bad += again.code != Exit::done;
    good = step;
  }
  bad = reduce_one(world, bad, Reduce::max);
  if (saves.root())
    fmt::print("full disk: {} sizes, {} saves failed, {} bad\n", sizes, failures, bad);
  return bad == 0 && reduce_one(world, failures, Reduce::max) > 0 ? 0 : 1;
}

int run(int argc, char** argv, Comm& world) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return std::strtoll(argv[i], nullptr, 10); };
  if (argc > 5) {
    const auto mutant = mutant_called(argv[5]);
    require(mutant.has_value(), Exit::usage, "no mutant is called {}", argv[5]);
    set_mutant(*mutant);
  }
  if (mode == "record" && argc >= 5) {
    Saves saves(argv[2], world);
    return record(saves, argv[3], number(4));
  }
  if (mode == "errors" && argc >= 5) {
    Saves saves(argv[2], world);
    return errors(saves, static_cast<std::uint64_t>(number(3)), number(4));
  }
  if (mode == "full" && argc >= 4) {
    Saves saves(argv[2], world);
    return fill(saves, number(3));
  }
  fmt::print(stderr, "usage: {} record|errors|full RUN ...\n", argv[0]);
  return 2;
}

}  // namespace
}  // namespace switchyard::crash_lab

int main(int argc, char** argv) {
  switchyard::MpiSession session(&argc, &argv);
  const auto world = session.world();
  try {
    return switchyard::crash_lab::run(argc, argv, *world);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rank {}: {}\n", world->rank(), error.what());
    world->abort(1);
  }
}
