// Communicators of NCCL, and what an error of one means for all. For .cu files.
#pragma once

#include <nccl.h>

#include <source_location>

#include "runtime/error.h"

namespace switchyard {

// Errors: Exit::peer. Every communicator of this process is then aborted, and what is under way in
// them over: what another one still awaits of the same peer would never come, and giving back
// memory of the device waits for all of its work.
void check_nccl(ncclResult_t result, std::source_location where = std::source_location::current());

// Errors: as check_nccl(), if NCCL has found one in any communicator of this process. For a host
// that waits for the device, which would not say so.
void check_peers();

// A communicator that does not block, so that a peer that died is an error, and no hang in the
// library.
class NcclHandle {
 public:
  // Collective over the `size` ranks that have the id.
  NcclHandle(int size, const ncclUniqueId& id, int rank);
  // Abort, not destroy: a peer that died never comes to say goodbye.
  ~NcclHandle();
  NcclHandle(const NcclHandle&) = delete;
  NcclHandle& operator=(const NcclHandle&) = delete;
  operator ncclComm_t() const { return comm_; }  // nullptr once it is aborted

  // Waits until the library has taken on what it was asked for; that is not until it is done.
  void settle() const;

 private:
  friend void check_nccl(ncclResult_t, std::source_location);
  friend void check_peers();
  static void abort_all();

  ncclComm_t comm_ = nullptr;
};

// What is added between its beginning and end() is one launch.
class NcclGroup {
 public:
  NcclGroup() { check_nccl(ncclGroupStart()); }
  // After an error too: nothing that follows, an abort above all, may become a part of the group.
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
