/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shows QEMU's ivshmem devices to the P4 VM in a guest, as UIO devices:
 *
 *   with MSI-X     (ivshmem-doorbell) one UIO device a vector; its interrupts are the wake-ups, its
 *                  map 0 is the page of registers, in which a store rings a peer
 *   without        (ivshmem-plain) one UIO device; its map 0 is the shared memory, cached
 *
 * The kernel's own uio_pci_generic knows no MSI-X, and UIO maps memory of devices uncached, which a
 * processor may obey even where memory is behind it.
 */
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uio_driver.h>

#define BAR_REGISTERS 0
#define BAR_MEMORY    2
#define MAX_VECTORS   16

struct ivshmem {
	unsigned int count; /* of infos that are registered */
	struct uio_info infos[MAX_VECTORS];
};

/* UIO has checked that the map exists and is as long. */
static int map_registers(struct uio_info *info, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, info->mem[0].addr >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int map_memory(struct uio_info *info, struct vm_area_struct *vma)
{
	return io_remap_pfn_range(vma, vma->vm_start, info->mem[0].addr >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* UIO counts it and wakes who reads. */
static irqreturn_t on_wake(int irq, struct uio_info *info)
{
	return IRQ_HANDLED;
}

static int add(struct pci_dev *pdev, struct ivshmem *dev, int bar, struct uio_info *info)
{
	resource_size_t start = pci_resource_start(pdev, bar);
	int err;

	/* A page is the least that can be mapped, and must hold nothing else. */
	if (!start || start & ~PAGE_MASK)
		return -ENODEV;
	info->version = "1";
	info->mem[0].name = bar == BAR_MEMORY ? "memory" : "registers";
	info->mem[0].addr = start;
	info->mem[0].size = PAGE_ALIGN(pci_resource_len(pdev, bar));
	info->mem[0].memtype = UIO_MEM_PHYS;
	err = uio_register_device(&pdev->dev, info);
	if (!err)
		dev->count++;
	return err;
}

static void remove_all(struct ivshmem *dev)
{
	while (dev->count)
		uio_unregister_device(&dev->infos[--dev->count]);
}

static int add_vectors(struct pci_dev *pdev, struct ivshmem *dev)
{
	int n, err = 0;

	pci_set_master(pdev);
	n = pci_alloc_irq_vectors(pdev, 1, MAX_VECTORS, PCI_IRQ_MSIX);
	if (n < 0)
		return n;
	for (int i = 0; i < n && !err; i++) {
		struct uio_info *info = &dev->infos[i];

		info->name = "sekisho-wake";
		info->irq = pci_irq_vector(pdev, i);
		info->handler = on_wake;
		info->mmap = map_registers;
		err = add(pdev, dev, BAR_REGISTERS, info);
	}
	if (err) {
		remove_all(dev);
		pci_free_irq_vectors(pdev);
	}
	return err;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem *dev = devm_kzalloc(&pdev->dev, sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return -ENOMEM;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	pci_set_drvdata(pdev, dev);
	if (pci_msix_vec_count(pdev) > 0)
		return add_vectors(pdev, dev);
	dev->infos[0].name = "sekisho-memory";
	dev->infos[0].irq = UIO_IRQ_NONE;
	dev->infos[0].mmap = map_memory;
	return add(pdev, dev, BAR_MEMORY, &dev->infos[0]);
}

static void remove(struct pci_dev *pdev)
{
	remove_all(pci_get_drvdata(pdev));
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110)}, {}};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver ivshmem_driver = {
	.name = "sekisho_ivshmem",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(ivshmem_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ivshmem of QEMU for the P4 VM of Sekisho");
