// Records from every rank to every rank.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "runtime/comm/comm.h"

namespace switchyard::prepare {

// Collective. by_rank[r] goes to rank r; returns what came in, in rank order of the senders. T is
// moved as it lies in memory, in whole 64-bit words.
template <class T>
std::vector<T> exchange_records(const std::vector<std::vector<T>>& by_rank, Comm& comm,
                                Stream& stream) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(std::int64_t) == 0);
  constexpr std::int64_t words = sizeof(T) / sizeof(std::int64_t);
  const std::vector<std::int64_t> ones(by_rank.size(), 1);
  std::vector<std::int64_t> send, receive(by_rank.size());
  std::vector<T> out;
  for (const std::vector<T>& records : by_rank) {
    send.push_back(std::ssize(records));
    out.insert(out.end(), records.begin(), records.end());
  }
  const std::int64_t ranks = std::ssize(by_rank);
  comm.all_to_all_rows(tensor_of(send.data(), {ranks, 1}), ones,
                       tensor_of(receive.data(), {ranks, 1}), ones, stream);
  std::int64_t total = 0;
  for (const std::int64_t count : receive) total += count;
  std::vector<T> in(static_cast<std::size_t>(total));
  const auto view = [](std::vector<T>& records) {
    return tensor_of(reinterpret_cast<std::int64_t*>(records.data()), {std::ssize(records), words});
  };
  comm.all_to_all_rows(view(out), send, view(in), receive, stream);
  return in;
}

}  // namespace switchyard::prepare
