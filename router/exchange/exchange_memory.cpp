#include "router/exchange/exchange_memory.h"

#include <algorithm>

#include "router/exchange/factory.h"
#include "router/payload.h"

namespace switchyard {
namespace {

// Takes what each strategy takes, in its order.
class Counter {
 public:
  Counter(const RouterConfig& config, const ExchangeRows& rows, std::int64_t hidden, Arena& arena)
      : rows_(rows),
        payload_(config.payload),
        row_bytes_(payload_row_bytes(payload_, hidden)),
        num_chunks_(
            std::max<std::int64_t>(1, std::min<std::int64_t>(config.exchange_chunks, rows.hosted))),
        arena_(arena) {}

  void round_trip(ExchangeKind exchange, bool weighted) {
    if (exchange == ExchangeKind::hierarchical) {
      hierarchical(weighted);
    } else if (exchange == ExchangeKind::pipelined) {
      pipelined(weighted);
    } else {
      if (exchange == ExchangeKind::shared_memory && weighted) take_numbers(rows_.slots);
      flat(weighted);
    }
  }

 private:
  void take_rows(std::int64_t rows) { arena_.take({rows, row_bytes_}, DType::u8); }
  void take_numbers(std::int64_t count) { arena_.take({count}, DType::i32); }
  void take_weights(bool weighted) {
    if (!weighted) return;
    take_numbers(rows_.received);
    take_numbers(rows_.slots);
  }
  // Rows for this rank's own experts are packed too where packing rounds them.
  void take_own(std::int64_t rows) {
    const ArenaScope scope(arena_);
    if (payload_ != Payload::f32) take_rows(rows);
  }

  void flat(bool weighted) {
    {
      const ArenaScope dispatch(arena_);
      take_weights(weighted);
      take_rows(rows_.slots);
      take_rows(rows_.received);
      take_own(rows_.own);
    }
    const ArenaScope combine(arena_);
    take_rows(rows_.received);
    if (payload_ != Payload::f32) take_rows(rows_.slots);
    take_own(rows_.own);
  }

  // All legs are on their way together; a part of the rows needs its part of the indices.
  void pipelined(bool weighted) {
    const ArenaScope scope(arena_);
    take_weights(weighted);
    const bool parts = num_chunks_ > 1;
    for (std::int64_t chunk = 0; chunk < num_chunks_; ++chunk) {
      const std::int64_t slots = share(rows_.slots, chunk), received = share(rows_.received, chunk);
      take_rows(slots);
      take_rows(received);
      take_rows(received);
      if (parts || payload_ != Payload::f32) take_rows(slots);
      if (parts) {
        take_part_numbers(slots);
        take_part_numbers(received);
        take_part_numbers(received);
        if (weighted) take_part_numbers(received);
      }
      take_own(share(rows_.own, chunk));
    }
  }
  // Chunks are not equal, so that each of their tensors may be rounded up to one more cache line.
  std::int64_t share(std::int64_t rows, std::int64_t chunk) const {
    const std::int64_t even = rows * (chunk + 1) / num_chunks_ - rows * chunk / num_chunks_;
    return num_chunks_ == 1 ? even : even + 1;
  }
  void take_part_numbers(std::int64_t count) {
    constexpr std::int64_t line = 16;
    take_numbers(count + line);
  }

  void hierarchical(bool weighted) {
    {
      const ArenaScope dispatch(arena_);
      take_weights(weighted);
      take_rows(rows_.crossings);
      take_rows(rows_.crossed);
      take_rows(rows_.relayed);
      take_rows(rows_.received);
      take_numbers(rows_.received);
      if (weighted) take_numbers(rows_.received);
    }
    const ArenaScope combine(arena_);
    take_rows(rows_.received);
    take_numbers(rows_.received);
    take_rows(rows_.relayed);
    take_rows(rows_.relayed);
    take_rows(rows_.slots);
  }

  ExchangeRows rows_;
  Payload payload_;
  std::int64_t row_bytes_, num_chunks_;
  Arena& arena_;
};

}  // namespace

void count_round_trip(const RouterConfig& config, const ExchangeRows& rows, std::int64_t hidden,
                      bool weighted, Arena& arena) {
  for (const ExchangeKind exchange : exchange_kinds) {
    const bool tried =
        config.exchange == ExchangeKind::automatic && exchange != ExchangeKind::pipelined;
    if (!tried && config.exchange != exchange) continue;
    const ArenaScope scope(arena);
    Counter(config, rows, hidden, arena).round_trip(exchange, weighted);
  }
}

void take_prepared(const RouterConfig& config, const ExchangeRows& rows, Arena& arena) {
  if (config.exchange != ExchangeKind::hierarchical && config.exchange != ExchangeKind::automatic)
    return;
  for (const std::int64_t count :
       {rows.crossings, rows.slots, rows.relayed, rows.relayed, rows.received})
    arena.take({count}, DType::i32);  // the tensors of a RelayPlan
}

}  // namespace switchyard
