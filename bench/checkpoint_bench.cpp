// How fast are checkpoints, compared with the disk and the memory?
//   mpirun -n 2 build/release/bench/checkpoint_bench [--folder=build/bench] [--mib=256]
//   [--rounds=5]
// Every rank owns --mib MiB of f32 tensors of 4 MiB each. The arms alternate; for each of them rank
// 0 prints the median and the range of the slowest rank's seconds:
//   plain        write and fsync of the same bytes, one file per rank, in pieces of 1 MiB
//   save         SharedTarget, synchronous: hashed, written, fsynced, read back, committed
//   hash         XXH3-128 of the bytes, which a load computes once and a save twice
//   read_back    reading a saved file and checking it, which a save does while the disk writes
//   memcpy       one copy of the state to memory that was used before
//   stall        the time for which a background save delays a step
//   background   that save, from start to end
//   plain_read   reading the bytes, from the page cache
//   load         CheckpointReader, from the page cache: each rank reads what it wrote
//   plain_cold   plain_read from the disk: the files are dropped from the page cache first
//   load_cold    load from the disk
// and then the median and the 99th percentile of steps (a matrix product and a vote), without saves
// and with saves in the background. Before an arm begins, the files of the last one are deleted and
// the disk is idle. --keep: only the first part, and the last checkpoint is not deleted; --load:
// only `reshard`, in which each rank, on any number of ranks, reads an even share of that
// checkpoint's tensors. With LD_PRELOAD=build/release/bench/libno_hash.so every hash is 0 and takes
// no time: the difference is the cost of hashing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/checkpoint/checkpoint_format.h"
#include "io/checkpoint/shared_target.h"
#include "io/files/file.h"
#include "io/folder/committed_folder.h"
#include "runtime/comm/mpi_comm.h"
#include "runtime/product/matmul_library.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t tensor_bytes = std::int64_t{4} << 20;

struct Options {
  fs::path folder = "build/bench";
  int mib = 256, rounds = 5;
  bool keep = false, load = false;
};

// The seconds of the slowest rank.
double seconds_of(Comm& world, const std::function<void()>& work) {
  world.barrier();
  const auto begin = Clock::now();
  work();
  const std::chrono::duration<double> mine = Clock::now() - begin;
  return reduce_one(world, mine.count(), Reduce::max);
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

class CheckpointBench {
 public:
  CheckpointBench(MpiSession& session, Options options)
      : options_(std::move(options)),
        world_(session.world()),
        state_({options_.mib * (std::int64_t{1} << 20) / 4}, DType::f32),
        copy_({state_.tensor().size()}, DType::f32) {
    float* const values = state_.tensor().as<float>();
    for (std::int64_t i = 0; i < state_.tensor().size(); ++i) {
      values[i] =
          static_cast<float>((i * 2'654'435'761U + std::uint32_t(world_->rank())) & 0xffffU);
    }
    std::memset(copy_.tensor().data, 1, static_cast<std::size_t>(copy_.tensor().bytes()));
  }

  void run() {
    if (options_.load) {
      for (int round = 0; round < options_.rounds; ++round) reshard();
      return report();
    }
    for (int round = 0; round < options_.rounds; ++round) one_round(round);
    report();
    if (options_.keep) return;
    report_ratios();
    steps("steps, no save", false);
    steps("steps beside saves", true);
    clean();
  }

 private:
  std::vector<NamedTensor> mine() const {
    std::vector<NamedTensor> tensors;
    const std::int64_t elements = tensor_bytes / 4;
    for (std::int64_t i = 0; i * elements < state_.tensor().size(); ++i) {
      tensors.push_back({fmt::format("value/of_rank{}.tensor{}", world_->rank(), i),
                         state_.tensor().range(i * elements, (i + 1) * elements)});
    }
    return tensors;
  }
  fs::path run_directory() const { return options_.folder / "checkpoint_bench"; }

  void clean() {
    world_->barrier();
    if (world_->rank() == 0) {
      fs::remove_all(run_directory());
      fs::create_directories(run_directory());
      ::sync();
    }
    world_->barrier();
  }

  void measure(const std::string& arm, const std::function<void()>& work) {
    times_[arm].push_back(seconds_of(*world_, work));
  }

  void one_round(int round) {
    clean();
    const fs::path plain = run_directory() / fmt::format("plain-{}", world_->rank());
    measure("plain", [&] { write_plain(plain); });
    clean();
    fs::path folder;
    measure("save", [&] {
      folder = save_checkpoint(run_directory(), 1, round + 1, mine(), {}, *world_, stream_);
    });
    measure("hash", [&] { hash_chunks(state_.tensor().data, state_.tensor().bytes(), 1 << 20); });
    const Manifest manifest = open_folder(folder, checkpoint_kind, checkpoint_version);
    const FileEntry& file = manifest.files.at(static_cast<std::size_t>(world_->rank()));
    measure("read_back", [&] { check_every_byte(folder, file); });
    const fs::path path = folder / file.name;
    measure("plain_read", [&] { read_plain(path); });
    measure("load", [&] { load(folder); });
    leave_page_cache(path);
    measure("plain_cold", [&] { read_plain(path); });
    leave_page_cache(path);
    measure("load_cold", [&] { load(folder); });
    measure("memcpy", [&] {
      std::memcpy(copy_.tensor().data, state_.tensor().data,
                  static_cast<std::size_t>(state_.tensor().bytes()));
    });

    if (!options_.keep) clean();
    SharedTarget target(run_directory(), round + 1, *world_);
    BackgroundSave save(BackgroundSave::Mode::asynchronous, *world_, stream_);
    save.prepare(mine());
    measure("background", [&] {
      measure("stall", [&] { save.start(target, {2, mine(), {}}); });
      save.finish();
    });
  }

  void load(const fs::path& folder) {
    const CheckpointReader reader = CheckpointReader::open_on_all(folder, *world_);
    for (const NamedTensor& named : mine()) {
      const auto offset =
          static_cast<const float*>(named.tensor.data) - state_.tensor().as<float>();
      reader.read(named.name, copy_.tensor().range(offset, offset + named.tensor.size()));
    }
  }

  static void leave_page_cache(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
  }

  void reshard() {
    const fs::path folder = *newest_good_checkpoint(run_directory()).folder;
    measure("reshard", [&] {
      const CheckpointReader reader = CheckpointReader::open_on_all(folder, *world_);
      const std::vector<std::string> names = reader.names();
      std::int64_t begin = 0;
      for (std::size_t i = world_->rank(); i < names.size(); i += world_->size()) {
        const std::int64_t elements = tensor_bytes / 4;
        reader.read(names[i], copy_.tensor().range(begin, begin + elements));
        begin = (begin + elements) % copy_.tensor().size();
      }
    });
  }

  void write_plain(const fs::path& path) const {
    durable::File file = durable::File::open_for_writing(path, O_TRUNC);
    const char* const bytes = static_cast<const char*>(state_.tensor().data);
    constexpr std::int64_t piece = 1 << 20;
    for (std::int64_t begin = 0; begin < state_.tensor().bytes(); begin += piece) {
      file.write({bytes + begin, piece});
    }
    file.sync();
    file.close();
  }

  void read_plain(const fs::path& path) const {
    const durable::File file = durable::File::open_for_reading(path);
    file.read_at(0, {static_cast<std::byte*>(copy_.tensor().data),
                     static_cast<std::size_t>(copy_.tensor().bytes())});
  }

  double median(const std::string& arm) { return quantile(times_.at(arm), 0.5); }

  void report() {
    if (world_->rank() != 0) return;
    for (const auto& [arm, seconds] : times_) {
      fmt::print("{:<12} {:.5f}   {:.5f} to {:.5f}\n", arm, median(arm), quantile(seconds, 0),
                 quantile(seconds, 1));
    }
    std::fflush(stdout);
  }

  void report_ratios() {
    if (world_->rank() != 0) return;
    const auto ratio = [this](const char* one, const char* other) {
      return median(one) / median(other);
    };
    fmt::print("plain / save {:.3f}, stall / memcpy {:.3f}, plain_cold / load_cold {:.3f}\n",
               ratio("plain", "save"), ratio("stall", "memcpy"), ratio("plain_cold", "load_cold"));
    fmt::print("hash / save {:.3f}, hash / load {:.3f}, hash / load_cold {:.3f}\n",
               ratio("hash", "save"), ratio("hash", "load"), ratio("hash", "load_cold"));
  }

  // Runs steps as a training run does, with a vote after each, until there are enough.
  void steps(const char* name, bool saving) {
    constexpr int num_steps = 300;
    constexpr std::int64_t n = 1024;
    const Buffer a({n, n}, DType::f32), b({n, n}, DType::f32), out({n, n}, DType::f32);
    std::fill_n(a.tensor().as<float>(), n * n, 1.0F);
    std::fill_n(b.tensor().as<float>(), n * n, 1.0F);
    MatmulLibrary library;
    SharedTarget target(run_directory(), 99, *world_);
    BackgroundSave save(BackgroundSave::Mode::asynchronous, *world_, stream_);
    save.prepare(mine());
    std::vector<double> seconds;
    std::int64_t saved = 100;
    for (int step = 0; step < num_steps; ++step) {
      if (saving && !save.in_progress()) save.start(target, {++saved, mine(), {}});
      seconds.push_back(seconds_of(*world_, [&] {
        library.run({n, n, n, Op::plain, Op::transposed}, Write::replace, {a.tensor().data, n},
                    {b.tensor().data, n}, out.tensor().as<float>());
      }));
      const bool working = save.working();
      if (reduce_one(*world_, std::int64_t{working}, Reduce::max) == 0) save.advance();
    }
    save.finish();
    if (world_->rank() != 0) return;
    fmt::print("{}: median {:.2f} ms, p99 {:.2f} ms, {} saves\n", name,
               1e3 * quantile(seconds, 0.5), 1e3 * quantile(seconds, 0.99), saved - 100);
    std::fflush(stdout);
  }

  Options options_;
  std::unique_ptr<Comm> world_;
  Stream stream_ = Stream::cpu(1);
  Buffer state_, copy_;
  std::map<std::string, std::vector<double>> times_;  // by arm
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string value(argument.substr(argument.find('=') + 1));
    if (argument.starts_with("--folder=")) options.folder = value;
    if (argument.starts_with("--mib=")) options.mib = std::stoi(value);
    if (argument.starts_with("--rounds=")) options.rounds = std::stoi(value);
    if (argument == "--keep") options.keep = true;
    if (argument == "--load") options.load = true;
  }
  return options;
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  switchyard::MpiSession session(&argc, &argv);
  switchyard::CheckpointBench(session, switchyard::options_of(argc, argv)).run();
}
