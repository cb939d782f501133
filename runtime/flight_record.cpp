#include "runtime/flight_record.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::size_t record_bytes = sizeof(FlightRecord);

std::uint64_t inode_of_file(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 ? status.st_ino : 0;
}

void check_system(bool worked) {
  require(worked, Exit::internal,
          "the system has no memory to share with the ranks of this node: {}",
          std::strerror(errno));
}

void* map_file(int file, int protection) {
  void* memory = mmap(nullptr, record_bytes, protection, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

std::string place_text(Phase phase, Collective collective) {
  constexpr std::array phases = {"starting", "step",    "evaluating",
                                 "saving",   "placing", "finishing"};
  constexpr std::array collectives = {"",
                                      "all_reduce",
                                      "broadcast",
                                      "all_gather",
                                      "reduce_scatter_parts",
                                      "all_gather_parts",
                                      "all_to_all_rows",
                                      "exchange_rows",
                                      "barrier"};
  if (phase != Phase::step) return phases.at(static_cast<std::size_t>(phase));
  if (collective == Collective::none) return "computing";
  return fmt::format("in {}", collectives.at(static_cast<std::size_t>(collective)));
}

void ReleaseRecord::operator()(FlightRecord* record) const {
  if (record->file >= 0) close(record->file);
  munmap(record, record_bytes);
}

void ReleaseRecord::operator()(const FlightRecord* view) const {
  munmap(const_cast<FlightRecord*>(view), record_bytes);
}

SharedRecord make_shared_record() {
  const int file = memfd_create("switchyard-flight-record", MFD_CLOEXEC);
  check_system(file >= 0 && ftruncate(file, record_bytes) == 0);
  void* memory = map_file(file, PROT_READ | PROT_WRITE);
  check_system(memory != nullptr);
  SharedRecord record(new (memory) FlightRecord);
  record->file = file;
  return record;
}

std::uint64_t inode_of(const FlightRecord& record) {
  return record.file < 0 ? 0 : inode_of_file(record.file);
}

RecordView map_record(pid_t process, int file, std::uint64_t inode) {
  const std::string path = fmt::format("/proc/{}/fd/{}", process, file);
  const int opened = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return nullptr;
  const bool same = inode != 0 && inode_of_file(opened) == inode;
  void* memory = same ? map_file(opened, PROT_READ) : nullptr;
  close(opened);
  return RecordView(static_cast<const FlightRecord*>(memory));
}

}  // namespace switchyard
