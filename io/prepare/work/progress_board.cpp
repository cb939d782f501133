#include "io/prepare/work/progress_board.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

ProgressBoard::ProgressBoard(const std::filesystem::path& file, int rank, int num_ranks)
    : file_(durable::File::open_for_writing(file, 0)), rank_(rank), num_ranks_(num_ranks) {
  publish();
}

void ProgressBoard::begin_stage() {
  mine_ = {mine_.stage + 1, 0, 0};
  publish();
}

bool ProgressBoard::advance(std::int64_t amount) {
  mine_.done += amount;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return false;
  last_ = now;
  publish();
  return true;
}

void ProgressBoard::finish_stage() {
  mine_.finished = 1;
  publish();
}

std::int64_t ProgressBoard::total() const {
  std::int64_t done = 0;
  for (const Slot& slot : read()) done += slot.stage == mine_.stage ? slot.done : 0;
  return done;
}

// A rank that is ahead has finished this stage, too.
bool ProgressBoard::others_finished() const {
  std::vector<Slot> slots = read();
  slots.erase(slots.begin() + rank_);
  return std::all_of(slots.begin(), slots.end(), [&](const Slot& slot) {
    return slot.stage > mine_.stage || (slot.stage == mine_.stage && slot.finished != 0);
  });
}

void ProgressBoard::publish() {
  file_.write_at(std::int64_t{rank_} * std::int64_t{sizeof(Slot)},
                 {reinterpret_cast<const char*>(&mine_), sizeof(Slot)});
}

std::vector<ProgressBoard::Slot> ProgressBoard::read() const {
  std::vector<Slot> slots(static_cast<std::size_t>(num_ranks_));
  (void)file_.read_at(0, std::as_writable_bytes(std::span(slots)));
  slots[static_cast<std::size_t>(rank_)] = mine_;
  return slots;
}

}  // namespace switchyard::prepare
