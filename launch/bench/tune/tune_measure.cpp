#include "launch/bench/tune/tune_measure.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "launch/bench/exchange_bed.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/routing_times.h"
#include "router/exchange/exchange_choice.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr int iterations = 3, message_iterations = 30;
constexpr int spins = 10000;  // before it gives its core to others

double undisturbed_of(const std::vector<Lap>& laps, int ranks) {
  std::vector<double> seconds;
  for (const Iteration& iteration : slowest_of(laps, ranks)) seconds.push_back(iteration.seconds);
  return quantile(seconds, undisturbed);
}

}  // namespace

std::vector<double> measure_case(const RoutingCase& what, const RoutingSweep& sweep, bool check,
                                 BenchRanks& ranks, Stream& stream) {
  const auto exchange = make_exchange(router_config(what, sweep),
                                      {what.hidden, what.experts, what.tokens, stream.device()},
                                      *ranks.experts, stream)
                            .exchange;
  const Draw draw = draw_of(what, sweep, ranks, ranks.experts->size());
  if (check) {
    RoutingCase small = what;
    small.tokens = std::min<std::int64_t>(what.tokens, 64);
    const std::int64_t wrong = wrong_in_round_trip(
        small, draw_of(small, sweep, ranks, ranks.experts->size()), 0, *exchange, ranks, stream);
    if (wrong > 0)
      throw Error(Exit::internal, fmt::format("{}: {} rows arrived with wrong bits: do not use "
                                              "this exchange here, and report it",
                                              what.name(), wrong))
          .as_agreed();
  }
  ExchangeBed bed(what, *exchange, *ranks.experts, stream);
  const std::vector<Lap> laps =
      run_laps(ranks.world, /*warm_up=*/1, iterations, nullptr,
               {.setup = [&](int i) { bed.make(draw(ranks.experts->rank(), i)); },
                .work = [&](int) { bed.run(what.mode); }});
  std::vector<double> seconds;
  for (const Iteration& iteration : slowest_of(laps, ranks.world.size()))
    seconds.push_back(iteration.seconds);
  return seconds;
}

MessageSeconds measure_messages(std::int64_t row_bytes, BenchRanks& ranks, Stream& stream) {
  Comm& comm = ranks.world;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(comm.size()), 1);
  counts[static_cast<std::size_t>(comm.rank())] = 0;
  const Shape shape{comm.size() - 1, row_bytes};
  const Buffer out(shape, DType::u8, stream.device()), in(shape, DType::u8, stream.device());
  const auto timed = [&](const std::function<void(int)>& work) {
    return undisturbed_of(
        run_laps(comm, 3, message_iterations, nullptr, {.setup = [](int) {}, .work = work}),
        comm.size());
  };
  MessageSeconds seconds;
  seconds.collective = timed([&](int) {
    comm.exchange_rows(out, counts, in, counts, stream);
    stream.synchronize();
  });
  seconds.pairs = timed([&](int) {
    const auto pending = comm.start_exchange_rows(out, counts, in, counts);
    for (int tries = 0; !pending->arrived(); ++tries) {
      if (tries > spins) std::this_thread::yield();
    }
  });
  return seconds;
}

}  // namespace switchyard::bench
