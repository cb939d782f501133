#include "tests/crash_lab/state.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace switchyard::crash_lab {
namespace {

constexpr std::array operation_names{"create", "truncate", "write",  "fsync",      "fsync_folder",
                                     "mkdir",  "rename",   "remove", "acknowledge"};
constexpr std::array action_names{"kill_before", "kill_after",  "stop_before", "stop_after", "eio",
                                  "enospc",      "short_write", "interrupt",   "flipped_bit"};
constexpr std::array mutant_names{"none",
                                  "no_fsync_of_file",
                                  "no_fsync_of_manifest",
                                  "no_fsync_of_folder_before_commit",
                                  "no_fsync_of_folder_after_commit",
                                  "no_fsync_of_parent",
                                  "no_fsync_of_run",
                                  "no_rename",
                                  "commit_before_vote",
                                  "lost_write",
                                  "short_write",
                                  "no_fsync_of_pointer",
                                  "no_fsync_of_registry",
                                  "no_rename_of_pointer"};

// A fault counts operations there.
bool counts(const std::string& path) {
  return contains(path, "/checkpoints") || contains(path, "/registry/");
}

template <class Enum, std::size_t size>
std::optional<Enum> called(const std::array<const char*, size>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

State& State::get() {
  static State& state = *new State;
  return state;
}

State::State() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  rank_ = rank != nullptr ? std::atoi(rank) : 0;
  if (const char* text = std::getenv("SWITCHYARD_FAULT")) read_fault(text);
  if (const char* folder = std::getenv("SWITCHYARD_RECORD")) record_to(folder, rank_);
}

void State::read_fault(const char* text) {
  int rank = 0;
  long at = 0;
  std::array<char, 32> name{};
  if (std::sscanf(text, "%d:%ld:%31s", &rank, &at, name.data()) != 3) std::abort();
  const auto action = action_called(name.data());
  if (!action) std::abort();
  if (rank == rank_) fault = {at, *action};
}

OpenFile State::file_of(int descriptor) {
  const std::lock_guard lock(mutex);
  return open_files[descriptor];
}

Verdict State::next(const std::string& path) {
  const std::lock_guard lock(mutex);
  if (!counts(path)) return {};
  ++count;
  if (count != fault.at) return {};
  fired = true;
  return {true, fault.action};
}

bool State::strikes(const std::string& path, Action action) {
  const std::lock_guard lock(mutex);
  return counts(path) && count + 1 == fault.at && fault.action == action;
}

void State::record_to(const std::string& folder, int rank) {
  mkdir(folder.c_str(), 0777);
  rank_ = rank;
  const int shared = ::open((folder + "/shared").c_str(), O_RDWR | O_CREAT, 0666);
  if (ftruncate(shared, sizeof(Shared)) == 0) {
    shared_ = static_cast<Shared*>(
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0));
  }
  ::close(shared);
  log_ = ::open((folder + "/rank-" + std::to_string(rank) + ".log").c_str(),
                O_WRONLY | O_CREAT | O_APPEND, 0666);
}

void State::stop_recording() {
  if (log_ >= 0) ::close(log_);
  log_ = -1;
}

void State::record(Record record, std::int64_t number) {
  const std::lock_guard lock(mutex);
  if (log_ < 0) return;
  record.number = number;
  const std::string bytes = encoded(record);
  if (::write(log_, bytes.data(), bytes.size()) != std::ssize(bytes)) std::abort();
}

void State::lock_names() {
  while (log_ >= 0 && shared_->names_locked.exchange(true)) usleep(10);
}

void State::unlock_names() {
  if (log_ >= 0) shared_->names_locked = false;
}

const char* name_of(Operation operation) {
  return operation_names[static_cast<std::size_t>(operation)];
}
std::optional<Action> action_called(const std::string& name) {
  return called<Action>(action_names, name);
}
std::optional<Mutant> mutant_called(const std::string& name) {
  return called<Mutant>(mutant_names, name);
}

void arm(Fault fault) {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  state.fault = fault;
  state.count = 0;
  state.fired = false;
}
std::int64_t operations() { return State::get().count; }
bool fired() { return State::get().fired; }
void set_mutant(Mutant mutant) { State::get().mutant = mutant; }
void record_to(const std::string& folder, int rank) { State::get().record_to(folder, rank); }
void stop_recording() { State::get().stop_recording(); }
void acknowledge(std::int64_t number) {
  State& state = State::get();
  state.record({0, Operation::acknowledge, "", "", number, ""}, state.number());
}

}  // namespace switchyard::crash_lab
