/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device whose VRAM is a PCI BAR.
 *
 * Locking: the PCI core may probe and remove at any time between mockgpu_pci_init() and
 * mockgpu_pci_fini(), which module init and exit call.
 */
#ifndef MOCKGPU_PCI_H
#define MOCKGPU_PCI_H

struct drm_driver;

int mockgpu_pci_init(const struct drm_driver *driver, unsigned int index,
		     unsigned int devices);
int mockgpu_pci_expose(void);
void mockgpu_pci_fini(void);

#endif /* MOCKGPU_PCI_H */
