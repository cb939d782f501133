// In place of io/files/system_calls.cpp: the same calls, recorded, and failed where a fault says
// so.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "io/files/system_calls.h"
#include "tests/crash_lab/state.h"

namespace switchyard::crash_lab {
namespace {

void end_here(Action action, bool before) {
  if (action == (before ? Action::kill_before : Action::kill_after)) kill(getpid(), SIGKILL);
  if (action == (before ? Action::stop_before : Action::stop_after)) kill(getpid(), SIGSTOP);
}

// 0, or the errno with which the call fails.
int failure_of(const Verdict& verdict) {
  if (!verdict.counted) return 0;
  if (verdict.action == Action::eio) return EIO;
  if (verdict.action == Action::enospc) return ENOSPC;
  return verdict.action == Action::interrupt ? EINTR : 0;
}

bool changes_names(Operation operation) {
  return operation == Operation::create || operation == Operation::mkdir ||
         operation == Operation::rename || operation == Operation::remove;
}

// One call: what the fault does around it, and its record. An fsync covers what came before it
// began.
template <class Call>
auto perform(const std::string& path, Record record, Call call) {
  using Result = decltype(call());
  State& state = State::get();
  const Verdict verdict = state.next(path);
  if (verdict.counted) end_here(verdict.action, true);
  if (const int error = failure_of(verdict); error != 0) {
    errno = error;
    return static_cast<Result>(-1);
  }
  const bool covers =
      record.operation == Operation::fsync || record.operation == Operation::fsync_folder;
  const bool names = changes_names(record.operation);
  if (names) state.lock_names();
  const std::int64_t early = covers ? state.number() : 0;
  const Result result = call();
  const int error = errno;
  if (result >= 0) state.record(std::move(record), covers ? early : state.number());
  if (names) state.unlock_names();
  if (verdict.counted) end_here(verdict.action, false);
  errno = error;
  return result;
}

// `call` writes its argument. What reaches the file is less than was given, or other bits, where
// the fault says so.
template <class Call>
ssize_t perform_write(int descriptor, const void* data, std::size_t bytes, off_t offset,
                      Call call) {
  State& state = State::get();
  const OpenFile file = state.file_of(descriptor);
  std::string written(static_cast<const char*>(data), bytes);
  if (state.strikes(file.path, Action::short_write)) written.resize((bytes + 1) / 2);
  if (state.strikes(file.path, Action::flipped_bit) && bytes > 0) written[bytes / 2] ^= 4;
  const ssize_t done = perform(file.path, {0, Operation::write, file.path, "", offset, written},
                               [&] { return call(written); });
  const bool failed = done < 0 && errno != EINTR;
  return lies(failed, written.size() < bytes) ? static_cast<ssize_t>(bytes) : done;
}

}  // namespace
}  // namespace switchyard::crash_lab

namespace switchyard::durable::system_calls {

using namespace crash_lab;

int open(const char* name, int flags) {
  const std::string path = in_place(name);
  const bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  const auto call = [&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); };
  int descriptor = -1;
  if (!changes) {
    descriptor = call();
  } else {
    catch_up(path);
    const bool truncates = there && (flags & O_TRUNC) != 0;
    descriptor =
        there && !truncates
            ? call()
            : perform(path,
                      {0, truncates ? Operation::truncate : Operation::create, path, "", 0, ""},
                      call);
  }
  if (descriptor >= 0) {
    State& state = State::get();
    const std::lock_guard lock(state.mutex);
    state.open_files[descriptor] = {path, (flags & O_DIRECTORY) != 0};
  }
  return descriptor;
}

ssize_t write(int descriptor, const void* data, std::size_t bytes) {
  struct stat status {};
  const bool appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  if (appends && fstat(descriptor, &status) == 0) offset = status.st_size;
  return perform_write(descriptor, data, bytes, offset, [&](const std::string& written) {
    return ::write(descriptor, written.data(), written.size());
  });
}

ssize_t pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  return perform_write(descriptor, data, bytes, offset, [&](const std::string& written) {
    return ::pwrite(descriptor, written.data(), written.size(), offset);
  });
}

int ftruncate(int descriptor, off_t bytes) {
  const OpenFile file = State::get().file_of(descriptor);
  return perform(file.path, {0, Operation::truncate, file.path, "", bytes, ""},
                 [&] { return ::ftruncate(descriptor, bytes); });
}

int fsync(int descriptor) {
  const OpenFile file = State::get().file_of(descriptor);
  if (is_skipped(file)) return 0;
  const Operation operation = file.folder ? Operation::fsync_folder : Operation::fsync;
  return perform(file.path, {0, operation, file.path, "", 0, ""},
                 [&] { return ::fsync(descriptor); });
}

int close(int descriptor) { return ::close(descriptor); }

int mkdir(const char* path) {
  return perform(path, {0, Operation::mkdir, path, "", 0, ""}, [&] { return ::mkdir(path, 0777); });
}

int rename(const char* from, const char* to) {
  if (in_place(from) == to) return 0;
  return perform(to, {0, Operation::rename, from, to, 0, ""}, [&] { return ::rename(from, to); });
}

int remove(const char* path) {
  return perform(path, {0, Operation::remove, path, "", 0, ""}, [&] { return std::remove(path); });
}

}  // namespace switchyard::durable::system_calls
