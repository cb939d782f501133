// How fast the loader reads rows of a dataset in the page cache, compared with the fastest possible
// way (memcpy of the same bytes) and with reading the same pieces through HDF5. Also the cost of
// opening a table of 10^9 rows, and of continuing from any sample.
#include <benchmark/benchmark.h>
#include <hdf5.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include "bench/loader_data.h"
#include "io/loader/loader.h"
#include "io/loader/row_filler.h"

namespace switchyard {
namespace {

// Arguments: sequence length.
void count_tokens(benchmark::State& state, std::int64_t rows_of_iteration) {
  state.SetItemsProcessed(state.iterations() * rows_of_iteration * state.range(0));
}

struct RowBuffers {
  explicit RowBuffers(std::int64_t length)
      : tokens(static_cast<std::size_t>(length)), targets(tokens), positions(tokens) {}
  RowFiller::Row row() { return {tokens.data(), targets.data(), positions.data()}; }
  std::vector<std::int32_t> tokens, targets, positions;
};

// Rows in training order, on one thread; every chunk of the tokens was touched before. items:
// tokens.
void fill_rows(benchmark::State& state, Access access) {
  const std::int64_t length = state.range(0);
  RowFiller filler(bench_store(), bench_rows(length), "train", length, access);
  const SampleOrder order({{filler.rows().num_rows(), 1.0}}, 1);
  RowBuffers buffers(length);
  for (std::int64_t row = 0; row < filler.rows().num_rows(); ++row) {
    filler.fill(row, buffers.row());
  }
  std::int64_t sample = 0;
  for (auto _ : state) {
    filler.fill(order.row(sample++), buffers.row());
    benchmark::DoNotOptimize(buffers.targets.data());
    benchmark::ClobberMemory();
  }
  count_tokens(state, 1);
}

void rows_by_pread(benchmark::State& state) { fill_rows(state, Access::pread); }
void rows_by_mmap(benchmark::State& state) { fill_rows(state, Access::mmap); }

// The first epoch, in which every chunk is hashed when it is first touched.
void rows_at_first_touch(benchmark::State& state) {
  const std::int64_t length = state.range(0);
  std::int64_t num_rows = 0;
  RowBuffers buffers(length);
  for (auto _ : state) {
    RowFiller filler(bench_store(), bench_rows(length), "train", length, Access::pread);
    num_rows = filler.rows().num_rows();
    const SampleOrder order({{num_rows, 1.0}}, 1);
    for (std::int64_t sample = 0; sample < num_rows; ++sample) {
      filler.fill(order.row(sample), buffers.row());
    }
  }
  count_tokens(state, num_rows);
}

// The minimum work for a row: two bytes per token in, and three times four bytes out, by memcpy.
void memcpy_of_the_same_bytes(benchmark::State& state) {
  const auto length = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte> source(std::size_t{64} << 20, std::byte{1});
  RowBuffers buffers(state.range(0));
  std::size_t at = 0;
  for (auto _ : state) {
    at = (at + 999999 * 12) % (source.size() - 12 * length);
    std::memcpy(buffers.tokens.data(), source.data() + at, 4 * length);
    std::memcpy(buffers.targets.data(), source.data() + at + 4 * length, 4 * length);
    std::memcpy(buffers.positions.data(), source.data() + at + 8 * length, 4 * length);
    benchmark::ClobberMemory();
  }
  count_tokens(state, 1);
}

// The same rows, with every piece read by H5Dread of a hyperslab, in which HDF5 converts u16 to
// i32. Positions and the tail are left out.
void rows_by_hdf5(benchmark::State& state) {
  const std::int64_t length = state.range(0);
  RowTable table(bench_rows(length), bench_store(), "train", length);
  const SampleOrder order({{table.num_rows(), 1.0}}, 1);
  std::vector<hid_t> files, datasets;
  std::vector<std::int64_t> first{0};
  for (const FileExtent& shard : bench_store().shards("train")) {
    files.push_back(H5Fopen(shard.file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    datasets.push_back(H5Dopen2(files.back(), "tokens", H5P_DEFAULT));
    first.push_back(first.back() + shard.extent.bytes / 2);
  }
  RowBuffers buffers(length);
  std::int64_t sample = 0;
  for (auto _ : state) {
    std::int64_t at = 0;
    for (const Piece& piece : table.pieces(order.row(sample))) {
      const auto shard =
          std::upper_bound(first.begin(), first.end(), piece.start) - first.begin() - 1;
      const auto index = static_cast<std::size_t>(shard);
      const auto begin = static_cast<hsize_t>(piece.start - first[index]);
      const auto count = static_cast<hsize_t>(piece.length);
      const hid_t memory = H5Screate_simple(1, &count, nullptr);
      const hid_t space = H5Dget_space(datasets[index]);
      H5Sselect_hyperslab(space, H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
      H5Dread(datasets[index], H5T_NATIVE_INT32, memory, space, H5P_DEFAULT,
              buffers.tokens.data() + at);
      H5Sclose(space);
      H5Sclose(memory);
      at += piece.length;
    }
    std::memcpy(buffers.targets.data(), buffers.tokens.data() + 1,
                static_cast<std::size_t>(at - 1) * sizeof(std::int32_t));
    ++sample;
    benchmark::ClobberMemory();
  }
  for (const hid_t dataset : datasets) H5Dclose(dataset);
  for (const hid_t file : files) H5Fclose(file);
  count_tokens(state, 1);
}

// Whole steps through the thread that reads ahead, without computation between them.
void loader_steps(benchmark::State& state) {
  const std::int64_t length = state.range(0), batch = (std::int64_t{1} << 18) / length;
  Loader loader(bench_store(), bench_rows(length), "train", {length, batch, 1, 1, 0, 1, {}});
  std::int64_t step = 0;
  for (; step * batch < loader.num_rows(); ++step) loader.step(step);
  for (auto _ : state) benchmark::DoNotOptimize(loader.step(step++).loss_tokens);
  count_tokens(state, batch);
}

// How long a step waits for its data when it computes for 20 ms.
void stall_of_a_step(benchmark::State& state) {
  const std::int64_t length = state.range(0), batch = (std::int64_t{1} << 18) / length;
  Loader loader(bench_store(), bench_rows(length), "train", {length, batch, 1, 1, 0, 1, {}});
  std::int64_t step = 0;
  loader.step(step++);
  for (auto _ : state) {
    usleep(20000);
    const auto begin = std::chrono::steady_clock::now();
    loader.step(step++);
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
}

// The last hundredth of a run of 10^8 samples must cost as much as the first.
void resume_at_percent(benchmark::State& state) {
  const std::int64_t sample = 1000000 * state.range(0);
  for (auto _ : state) {
    const SampleOrder order({{100000000, 1.0}}, 1);
    benchmark::DoNotOptimize(order.row(sample));
  }
}

// A line of /proc/self/status, such as "VmRSS:".
double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0.0;
    if (word == key && status >> kib) return kib / 1024.0;
  }
  return 0.0;
}

// Opens the table of 10^9 rows and its order. peak_mib: the peak increase of resident memory.
void open_a_billion_rows(benchmark::State& state) {
  const fs::path folder = write_huge_table(bench_store());
  double peak = 0.0;
  for (auto _ : state) {
    state.PauseTiming();
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
    const double before = status_mib("VmRSS:");
    state.ResumeTiming();
    const RowTable table(folder, bench_store(), "train", 4096);
    const SampleOrder order({{table.num_rows(), 1.0}}, 1);
    benchmark::DoNotOptimize(order.row(12345));
    peak = std::max(peak, status_mib("VmHWM:") - before);
  }
  state.counters["peak_mib"] = peak;
}

// items: documents.
void pack_documents(benchmark::State& state) {
  const Random random(1, Purpose::sampling);
  std::vector<std::int64_t> lengths;
  for (std::uint64_t i = 0; i < 200000; ++i) {
    lengths.push_back(1 + static_cast<std::int64_t>(350.0 * std::exp(1.1 * random.normal(i))));
  }
  for (auto _ : state) {
    std::int64_t rows = 0;
    Packer packer(state.range(0), [&](std::span<const Piece>) { ++rows; });
    for (const std::int64_t length : lengths) packer.add_document(0, length);
    packer.finish();
    benchmark::DoNotOptimize(rows);
  }
  state.SetItemsProcessed(state.iterations() * std::ssize(lengths));
}

BENCHMARK(open_a_billion_rows)->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(rows_by_pread)->Arg(512)->Arg(4096);
BENCHMARK(rows_by_mmap)->Arg(512)->Arg(4096);
BENCHMARK(rows_at_first_touch)->Arg(512)->Arg(4096)->Unit(benchmark::kMillisecond);
BENCHMARK(rows_by_hdf5)->Arg(512)->Arg(4096);
BENCHMARK(memcpy_of_the_same_bytes)->Arg(512)->Arg(4096);
BENCHMARK(loader_steps)->Arg(512)->Arg(4096)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(stall_of_a_step)
    ->Arg(512)
    ->Arg(4096)
    ->UseManualTime()
    ->Iterations(100)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(resume_at_percent)->Arg(1)->Arg(50)->Arg(99);
BENCHMARK(pack_documents)->Arg(512)->Arg(4096)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard

BENCHMARK_MAIN();
