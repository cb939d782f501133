// NCCL communicators, and what an error of one means for the others. For .cu files.
#pragma once

#include <nccl.h>

#include <source_location>

#include "runtime/error.h"

namespace switchyard {

// Errors: Exit::peer. Before it throws, it aborts every communicator of this process, which ends
// what is under way in them: another communicator may still wait for the same peer, and freeing
// memory of the device waits for all of the device's work.
void check_nccl(ncclResult_t result, std::source_location where = std::source_location::current());

// Errors: as check_nccl(), if NCCL has found an error in any communicator of this process. A host
// that waits for the device calls this, because the device would not report the error.
void check_peers();

// A communicator that does not block, so that a dead peer causes an error instead of a hang in the
// library.
class NcclHandle {
 public:
  // Collective over the `size` ranks that have the id.
  NcclHandle(int size, const ncclUniqueId& id, int rank);
  // Aborts and does not destroy, since destroying waits for all peers, which may be dead.
  ~NcclHandle();
  NcclHandle(const NcclHandle&) = delete;
  NcclHandle& operator=(const NcclHandle&) = delete;
  operator ncclComm_t() const { return comm_; }  // nullptr once it is aborted

  // Waits until the library has accepted the last request, not until the work is done.
  void settle() const;

 private:
  friend void check_nccl(ncclResult_t, std::source_location);
  friend void check_peers();
  static void abort_all();

  ncclComm_t comm_ = nullptr;
};

// Calls that are added before end() become one launch.
class NcclGroup {
 public:
  NcclGroup() { check_nccl(ncclGroupStart()); }
  // Ends the group after an error too: no later call, and above all no abort, may join it.
  ~NcclGroup() {
    if (open_) ncclGroupEnd();
  }
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  void add(ncclResult_t result) {
    if (first_error_ == ncclSuccess && result != ncclInProgress) first_error_ = result;
  }
  // Errors: as check_nccl(), the first of all calls.
  void end(std::source_location where = std::source_location::current()) {
    open_ = false;
    add(ncclGroupEnd());
    check_nccl(first_error_, where);
  }

 private:
  bool open_ = true;
  ncclResult_t first_error_ = ncclSuccess;
};

}  // namespace switchyard
